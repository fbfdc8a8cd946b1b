import type { ServerResponse } from 'node:http';
import { errorText, resultText } from './codec.ts';
import { notAcceptable, type WireError } from './errors.ts';

export type Accepted = { json: boolean; stream: boolean };

/** What the client takes. No header, or a wildcard, takes everything. */
export function readAccept(header: string | undefined): Accepted {
  if (header === undefined || header.includes('*/*')) return { json: true, stream: true };
  const lower = header.toLowerCase();
  const json = lower.includes('application/json') || lower.includes('application/*');
  const stream = lower.includes('text/event-stream') || lower.includes('text/*');
  if (!json && !stream) throw notAcceptable('Accept must allow application/json and text/event-stream.');
  return { json, stream };
}

const streamHead = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/** Opens a stream of events. */
export function openEvents(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, { ...streamHead, ...headers });
  response.flushHeaders();
}

export const eventText = (message: string): string => `event: message\ndata: ${message}\n\n`;

/** Answers with one JSON text in one write. */
export function sendJson(
  response: ServerResponse,
  status: number,
  text: string,
  headers?: Record<string, string>,
): void {
  if (response.writableEnded || response.destroyed) return;
  const length = Buffer.byteLength(text);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': length,
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(text);
}

export function sendEmpty(response: ServerResponse, status: number): void {
  if (response.writableEnded || response.destroyed) return;
  response.writeHead(status, { 'Content-Length': 0 });
  response.end();
}

export function sendError(response: ServerResponse, idText: string | null, error: WireError): void {
  sendJson(response, error.status, errorText(idText, error.code, error.message, error.data), error.headers);
}

/** Between signs of life on a stream that waits for a person, in ms. */
const keepAlive = 15_000;
/** Bytes a reader may be behind before progress is left out: it is told the next time. */
const lagAtMost = 256 * 1024;

/**
 * The answer to one request: JSON, or a stream of events where there is something to tell before the result
 * and the client takes it. The stream opens with its first event, so that a failure before it keeps its status.
 */
export type Reply = {
  notify: (message: string) => void;
  /** Tells what has to be answered before there is a result: opens the stream, and keeps it alive from then on. */
  say: (message: string) => void;
  result(result: string | Buffer, headers?: Record<string, string>): void;
  error(error: WireError): void;
  /** The request was cancelled: no response is sent for it. */
  cancelled(): void;
};

export function createReply(response: ServerResponse, idText: string, asStream: boolean): Reply {
  const gone = (): boolean => response.writableEnded || response.destroyed;
  const finishEvents = (message: string): void => {
    if (!response.headersSent) openEvents(response);
    response.end(eventText(message));
  };
  return {
    notify(message) {
      if (!asStream || gone() || response.writableLength > lagAtMost) return;
      if (!response.headersSent) openEvents(response);
      response.write(eventText(message));
    },
    say(message) {
      if (gone()) return;
      if (!response.headersSent) openEvents(response);
      response.write(eventText(message));
      const beat = setInterval(() => response.write(':\n\n'), keepAlive);
      beat.unref();
      response.once('close', () => clearInterval(beat)).once('finish', () => clearInterval(beat));
    },
    result(result, headers) {
      if (gone()) return;
      if (asStream || response.headersSent) finishEvents(resultText(idText, result.toString()));
      else if (typeof result === 'string') sendJson(response, 200, resultText(idText, result), headers);
      else sendBytes(response, idText, result);
    },
    error(error) {
      if (gone()) return;
      if (response.headersSent || (asStream && error.status === 200)) {
        finishEvents(errorText(idText, error.code, error.message, error.data));
      } else sendError(response, idText, error);
    },
    cancelled() {
      if (gone()) return;
      if (response.headersSent) response.end();
      else sendEmpty(response, 202);
    },
  };
}

/** A kept text goes out as it lies in memory, between the two halves of its envelope. */
function sendBytes(response: ServerResponse, idText: string, result: Buffer): void {
  const head = `{"jsonrpc":"2.0","id":${idText},"result":`;
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(head) + result.length + 1,
    'Cache-Control': 'no-store',
  });
  response.cork();
  response.write(head);
  response.write(result);
  response.end('}');
  response.uncork();
}
