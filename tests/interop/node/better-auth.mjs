// better-auth: its addresses are constants, so `fetch` is sent to the emulator. It keeps accounts in memory here.
import { betterAuth } from "better-auth";

import { Cookies, consent, emulator, redirectFetch, report, site, videos } from "./browser.mjs";

redirectFetch();

await report(async () => {
  const auth = betterAuth({
    baseURL: site,
    secret: "a secret for tests, of some length and chance 83hf7",
    logger: { disabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    socialProviders: {
      tiktok: {
        clientKey: emulator.clientKey,
        clientSecret: emulator.clientSecret,
        scope: process.env.SCOPE ? process.env.SCOPE.split(",") : undefined,
      },
    },
  });
  const cookies = new Cookies();
  const ask = async (path, body) => {
    const answer = await auth.handler(
      new Request(new URL(path, site), {
        method: body === undefined ? "GET" : "POST",
        headers: { cookie: cookies.header, "content-type": "application/json", origin: site },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    );
    return cookies.take(answer);
  };
  const begun = await (await ask("/api/auth/sign-in/social", { provider: "tiktok", callbackURL: "/in" })).json();
  const callback = await consent(begun.url);
  const ended = (await ask(callback)).headers.get("location");
  if (!ended.endsWith("/in")) return { endedAt: ended };
  const { user } = await (await ask("/api/auth/get-session")).json();
  const [{ id: accountId }] = await (await ask("/api/auth/list-accounts")).json();
  const first = await (await ask("/api/auth/get-access-token", { accountId })).json();
  const second = await (await ask("/api/auth/refresh-token", { accountId })).json();
  return {
    listed: await videos(second.accessToken),
    name: user.name,
    renewed: second.accessToken !== undefined && second.accessToken !== first.accessToken,
  };
});
