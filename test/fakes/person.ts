/** Somebody at a browser without a screen: keeps cookies, presses the approving button, stops at the way back. */
export type Person = {
  /**
   * Walks from an authorization address to the redirect address and answers that, without going there: its query
   * has `code` and `state`, or `error`. With `deny` the other button is pressed.
   */
  approve(authorizationUrl: string | URL, options?: { deny?: boolean }): Promise<URL>;
};

type Cookie = { name: string; value: string; path: string };

export function createPerson(): Person {
  const jar = new Map<string, Cookie>();
  const get = async (url: URL): Promise<Response> => {
    const cookies = [...jar.values()].filter(({ path }) => url.pathname.startsWith(path));
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const at = pair.indexOf('=');
      const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      if (value === '') jar.delete(`${path} ${name}`);
      else jar.set(`${path} ${name}`, { name, value, path });
    }
    return response;
  };

  return {
    async approve(authorizationUrl, { deny = false } = {}) {
      const start = new URL(authorizationUrl);
      let url = start;
      for (let step = 0; step < 12; step += 1) {
        const response = await get(url);
        const location = response.headers.get('location');
        const text = await response.text();
        const button = new RegExp(
          `<form[^>]* action="([^"]+)"[^>]*>\\s*<button id="${deny ? 'deny' : 'approve'}"`,
        );
        const next = location ?? button.exec(text)?.[1];
        if (next === undefined || next === null) {
          throw new Error(`No way on from ${url.href}: ${response.status} ${text.slice(0, 500)}`);
        }
        url = new URL(next, url);
        if (url.origin !== start.origin) return url;
      }
      throw new Error(`No end from ${start.href}`);
    },
  };
}

/** One person for a test that needs no more. */
export const approve: Person['approve'] = (url, options) => createPerson().approve(url, options);
