// What all three clients need: a person who allows, a browser's cookies, and TikTok's addresses at the emulator.

export const emulator = JSON.parse(process.env.EMULATOR);
export const site = process.env.SITE ?? "https://app.example.com";

const hosts = ["https://open.tiktokapis.com", "https://www.tiktok.com"];

/** Return the emulator's address of a URL that a client has built for TikTok. */
export function here(url) {
  const host = hosts.find((one) => String(url).startsWith(`${one}/`));
  return host === undefined ? String(url) : emulator.url + String(url).slice(host.length);
}

/** Send what a client asks TikTok to the emulator: for clients whose addresses are constants. */
export function redirectFetch() {
  const fetch = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    if (!(input instanceof Request)) return fetch(here(input), init);
    const body = input.body === null ? undefined : await input.arrayBuffer();
    return fetch(here(input.url), { method: input.method, headers: input.headers, body, ...init });
  };
}

/** Open the consent page, press Allow, and return the address that the browser is sent to. */
export async function consent(url) {
  const page = new URL(here(url));
  const shown = await fetch(page);
  if (!shown.ok) {
    const text = await shown.text();
    throw new Error(`the consent page refuses: ${[...text.matchAll(/<code>(\w+)<\/code>/g)].map((found) => found[1])}`);
  }
  const action = /<form[^>]*action="([^"]*)"/.exec(await shown.text())[1];
  const form = new URLSearchParams(page.search);
  form.append("user", emulator.user);
  form.append("decision", "allow");
  for (const scope of page.searchParams.get("scope").split(",")) form.append("grant", scope);
  const answer = await fetch(new URL(action, page), { method: "POST", body: form, redirect: "manual" });
  return answer.headers.get("location");
}

/** A browser's cookies, of one site. */
export class Cookies {
  #kept = new Map();

  take(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      const value = pair.slice(at + 1);
      if (value === "" || /max-age=0(;|$)/i.test(line)) this.#kept.delete(pair.slice(0, at));
      else this.#kept.set(pair.slice(0, at), value);
    }
    return response;
  }

  get header() {
    return [...this.#kept].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

/** Ask TikTok for a page of videos with a token. */
export async function videos(accessToken) {
  const answer = await fetch(`${emulator.url}/v2/video/list/?fields=id,title`, {
    method: "POST",
    headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({ max_count: 20 }),
  });
  return (await answer.json()).data.videos.length;
}

/** Print what happened, for the test that runs the script. */
export async function report(work) {
  let found;
  try {
    found = await work();
  } catch (error) {
    const cause = error.cause?.message ?? error.error_description ?? error.description ?? "";
    found = { error: `${error.name}: ${error.message} ${cause}`.trim() };
  }
  console.log(JSON.stringify(found));
}
