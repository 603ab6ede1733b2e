// Auth.js: the addresses are options of its provider.
import { Auth, skipCSRFCheck } from "@auth/core";
import TikTok from "@auth/core/providers/tiktok";

import { Cookies, consent, emulator, report, site, videos } from "./browser.mjs";

await report(async () => {
  let kept, profile, failure;
  const config = {
    basePath: "/auth",
    secret: "a secret for tests, of some length",
    trustHost: true,
    skipCSRFCheck,
    logger: { error: (error) => (failure = error) },
    providers: [
      TikTok({
        clientId: emulator.clientKey,
        clientSecret: emulator.clientSecret,
        authorization: {
          url: `${emulator.url}/v2/auth/authorize`,
          params: { client_key: emulator.clientKey, scope: "user.info.basic,video.list" },
        },
        token: `${emulator.url}/v2/oauth/token/`,
        userinfo: `${emulator.url}/v2/user/info/?fields=open_id,avatar_url,display_name`,
        ...(process.env.CHECKS ? { checks: process.env.CHECKS.split(",") } : {}),
      }),
    ],
    callbacks: {
      jwt({ token, account, user }) {
        if (account) [kept, profile] = [account, user];
        return token;
      },
    },
  };
  const cookies = new Cookies();
  const begun = await Auth(
    new Request(`${site}/auth/signin/tiktok`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ callbackUrl: site }),
    }),
    config,
  );
  const callback = await consent(cookies.take(begun).headers.get("location"));
  const ended = await Auth(new Request(callback, { headers: { cookie: cookies.header } }), config);
  if (kept === undefined) {
    const cause = failure?.cause;
    throw new Error(`${ended.headers.get("location")} ${cause?.err?.message} ${JSON.stringify(cause?.err?.cause)} ${JSON.stringify(cause)}`);
  }
  return {
    listed: await videos(kept.access_token),
    openId: kept.providerAccountId,
    name: profile.name,
    keepsRefreshToken: kept.refresh_token !== undefined,
  };
});
