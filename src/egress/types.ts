import type { Readable } from 'node:stream';

/** What may be reached beyond public addresses; set by the operator, never by an upstream. */
export type EgressPolicy = {
  /** Hosts, `host:port` and CIDRs from TOOLCRIB_EGRESS_ALLOW. */
  allow: readonly string[];
  /** Our own listening port: never reachable as `local`. */
  ownPort: number | null;
};

export type EgressRequest = {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string | Buffer | null;
  signal?: AbortSignal;
  /** Milliseconds until the headers of the answer must be there. */
  headersTimeout?: number;
  /**
   * One exact loopback origin (`http://127.0.0.1:3000`) this connection was admitted to by the operator.
   * Never applies to a redirect.
   */
  localOrigin?: string | null;
  /** Follow redirects (at most five, GET and HEAD only), each hop checked; credentials dropped across origins. */
  follow?: boolean;
  /** Names of headers that carry credentials: dropped when a redirect leaves the origin. */
  credentialHeaders?: readonly string[];
};

export type EgressReply = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Readable;
  /** The address that finally answered. */
  url: string;
};

/** A whole answer, decompressed. */
export type EgressAnswer = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Empty where `onHead` took the body in pieces. */
  body: Buffer;
  /** Bytes of the body as received, before decompression. */
  bytes: number;
  /** The address that finally answered. */
  url: string;
};

/** Takes a body in pieces; `true` says it is enough, and the rest is neither awaited nor read. */
export type ChunkSink = (chunk: Buffer) => boolean;

export type ExchangeOptions = {
  /** Largest body in bytes, as received and decompressed; more is Fault `upstream` code `reply_too_large`. */
  maxBytes: number;
  /** Chooses, when the headers are there, to take the body in pieces instead of whole. */
  onHead?: (status: number, headers: EgressAnswer['headers']) => ChunkSink | null;
};

/** The only sockets out of the process. */
export type Egress = {
  /**
   * Checks an address before anything is stored or dialled. Throws Fault `invalid` with the problem at
   * `path`, with one dull sentence for every refused address that names TOOLCRIB_EGRESS_ALLOW. A name that
   * cannot be resolved just now passes: the socket is what decides.
   */
  check(
    url: string,
    options?: { localOrigin?: string | null; path?: readonly (string | number)[] },
  ): Promise<void>;
  /** Sends one request. Throws Fault `upstream`: the same dull error for refused, closed and filtered. */
  request(request: EgressRequest): Promise<EgressReply>;
  /** Sends one request and reads its answer whole, or in pieces: the short way, for calls. Same errors. */
  exchange(request: EgressRequest, options: ExchangeOptions): Promise<EgressAnswer>;
  /** A `fetch` over the same guard, for libraries that want one. */
  fetch(localOrigin?: string | null): typeof fetch;
  close(): Promise<void>;
};
