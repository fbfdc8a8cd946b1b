import type { Typed } from './command.ts';
import { Failure } from './failure.ts';
import { findServer, type Server } from './find-server.ts';
import type { Terminal } from './terminal.ts';
import type { WireCall } from './wire.ts';
import { visible } from './write-text.ts';

/** A refusal by the server, with its code where a command goes on from it. */
export class Refusal extends Failure {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The product's own API. Answers what is under `data`; Refusal for an error of the server's. */
export type Api = {
  url: string;
  get<T>(path: string): Promise<T>;
  /** All pages of a list. */
  list<T>(path: string): Promise<T[]>;
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  remove(path: string): Promise<void>;
  /** One call of a tool, with the result an agent gets; a tool's own error is a result too. */
  call(request: { pack: string; tool: string; arguments: unknown; user?: string }): Promise<WireCall>;
};

type Envelope = {
  data?: unknown;
  meta?: { next_cursor?: string | null };
  error?: { code?: string; message?: string; param?: string };
};

const patience = 120_000;

export const openApi = (terminal: Terminal, typed: Typed): Api => createApi(findServer(terminal, typed));

export function createApi({ url, key }: Server): Api {
  const send = async (method: string, path: string, body?: unknown): Promise<Envelope> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        Authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
      redirect: 'error',
    }).catch((error: unknown) => {
      if ((error as Error).name === 'TimeoutError')
        throw new Failure(`${url} did not answer in two minutes: look at its log.`);
      throw new Failure(
        `Nothing answers at ${url}: start it with “npx toolcrib”, or name another server with --url.`,
      );
    });
    const answer = response.status === 204 ? {} : await readEnvelope(response, url);
    if (!response.ok) throw refusalOf(response.status, answer);
    return answer;
  };
  const dataOf = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    (await send(method, path, body)).data as T;
  return {
    url,
    get: (path) => dataOf('GET', path),
    async list<T>(path: string) {
      const rows: T[] = [];
      let cursor: string | null = null;
      do {
        const page: Envelope = await send(
          'GET',
          `${path}?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
        );
        rows.push(...(page.data as T[]));
        cursor = page.meta?.next_cursor ?? null;
      } while (cursor !== null);
      return rows;
    },
    post: (path, body) => dataOf('POST', path, body),
    put: (path, body) => dataOf('PUT', path, body),
    patch: (path, body) => dataOf('PATCH', path, body),
    call: async (request) => (await send('POST', '/v1/calls', request)) as WireCall,
    remove: async (path) => void (await send('DELETE', path)),
  };
}

async function readEnvelope(response: Response, url: string): Promise<Envelope> {
  const value: unknown = await response.json().catch(() => null);
  if (typeof value === 'object' && value !== null) return value;
  throw new Failure(`What answers at ${url} is not Toolcrib: name the server with --url or TOOLCRIB_URL.`);
}

function refusalOf(status: number, { error }: Envelope): Refusal {
  const code = error?.code ?? String(status);
  if (status === 401) {
    return new Refusal(
      status,
      code,
      'The key is not accepted: set TOOLCRIB_KEY, or make a new admin key with “toolcrib keys reset-admin”.',
    );
  }
  return new Refusal(status, code, visible(error?.message ?? `The server answered ${status}.`));
}
