// arctic: its addresses are constants, so `fetch` is sent to the emulator.
import { TikTok, generateCodeVerifier, generateState } from "arctic";

import { consent, emulator, redirectFetch, report, site, videos } from "./browser.mjs";

redirectFetch();

await report(async () => {
  const tiktok = new TikTok(emulator.clientKey, emulator.clientSecret, `${site}/callback/`);
  const verifier = generateCodeVerifier();
  const url = tiktok.createAuthorizationURL(generateState(), verifier, ["user.info.basic", "video.list"]);
  const callback = new URL(await consent(url));
  const first = await tiktok.validateAuthorizationCode(callback.searchParams.get("code"), verifier);
  const second = await tiktok.refreshAccessToken(first.refreshToken());
  const listed = await videos(second.accessToken());
  await tiktok.revokeToken(second.accessToken());
  return { listed, rotated: second.refreshToken() !== first.refreshToken(), openId: first.data.open_id };
});
