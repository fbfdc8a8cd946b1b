import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export type Seen = { status: number; headers: IncomingHttpHeaders; text: string };

/** A browser without a screen: keeps cookies, posts forms as a browser does, follows what it is told to follow. */
export type Visitor = {
  /** One request, as a click on a link elsewhere: nothing is followed. */
  get(path: string, headers?: Record<string, string>): Promise<Seen>;
  /** Opens a page as a person does: takes the cookie, comes back, goes on to the page it is sent to. */
  open(path: string): Promise<Seen>;
  /** One form, sent from a page of ours; nothing is followed. */
  post(path: string, fields: Readonly<Record<string, string>> | string, headers?: Headers): Promise<Seen>;
  request(method: string, path: string, headers?: Headers, body?: string | Buffer): Promise<Seen>;
  /** name=value, as sent. */
  cookies: Map<string, string>;
};

/** Null takes a usual header away. */
type Headers = Readonly<Record<string, string | null>>;

export function createVisitor(origin: string): Visitor {
  const cookies = new Map<string, string>();
  const request: Visitor['request'] = async (method, path, headers = {}, body) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = { ...(cookie ? { cookie } : {}), ...headers };
    const kept = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== null));
    const seen = await send(origin, path, method, kept as Record<string, string>, body);
    for (const line of seen.headers['set-cookie'] ?? []) {
      const [name = '', value = ''] = line.split(';')[0]!.split(/=(.*)/s);
      if (/max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return seen;
  };
  const get: Visitor['get'] = (path, headers = {}) =>
    request('GET', path, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', ...headers });
  return {
    cookies,
    request,
    get,
    async open(path) {
      const first = await get(path);
      const next =
        first.headers.location ?? /http-equiv="refresh" content="0; url=(\/[^"]*)"/.exec(first.text)?.[1];
      return next === undefined ? first : get(next);
    },
    post: (path, fields, headers = {}) =>
      request(
        'POST',
        path,
        {
          'content-type': 'application/x-www-form-urlencoded',
          origin,
          'sec-fetch-site': 'same-origin',
          'sec-fetch-mode': 'navigate',
          ...headers,
        },
        typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
      ),
  };
}

function send(
  origin: string,
  path: string,
  method: string,
  headers: Record<string, string>,
  body?: string | Buffer,
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    // The path as it is: an address that climbs is to arrive as it was written.
    const sent = httpRequest(origin, { path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    sent.on('error', reject).end(body);
  });
}
