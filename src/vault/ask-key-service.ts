import { setTimeout as wait } from 'node:timers/promises';
import type { Egress } from '../egress/index.ts';
import { Fault, isObject } from '../kernel/index.ts';

export type KeyService = {
  /** The variable that named it. */
  variable: string;
  /** As it is named in a sentence: `AWS KMS`. */
  name: string;
  /** The address the operator named; no secret. */
  origin: string;
  /** The machine-readable reason in an answer that is an error; cleaned before it is shown. */
  reasonOf(answer: Record<string, unknown>): unknown;
};

const patience = 10_000;
const largestAnswer = 64 * 1024;
/** Milliseconds before the second and third try of what may pass. */
const pauses = [200, 800] as const;

/**
 * Asks a key service, at start and in a rotation only. `write` is asked anew for each try, since a signature holds a
 * time. Fault `unavailable` when it does not answer, `invalid` when it refuses: each one sentence for the operator,
 * which never holds what was sent.
 */
export async function askKeyService(
  egress: Egress,
  service: KeyService,
  write: () => { url: string; headers: Record<string, string>; body: string },
): Promise<Record<string, unknown>> {
  for (let attempt = 0; ; attempt += 1) {
    const pause = pauses[attempt];
    const answer = await egress
      .exchange(
        { method: 'POST', ...write(), signal: AbortSignal.timeout(patience) },
        { maxBytes: largestAnswer },
      )
      .catch(() => null);
    const status = answer?.status ?? 0;
    const mayPass = status === 0 || status === 429 || status >= 500;
    if (mayPass && pause !== undefined) {
      await wait(pause);
      continue;
    }
    if (status === 0) {
      throw new Fault(
        'unavailable',
        `${service.variable} names ${service.name} at ${service.origin}, which does not answer.`,
      );
    }
    const body = readObject(answer!.body);
    if (status === 200 && body) return body;
    throw new Fault(
      'invalid',
      `${service.variable} names ${service.name} at ${service.origin}, which refused (${status}${reasonIn(body, service)}).`,
    );
  }
}

function readObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The service's own word, where it is one word or a short sentence of plain characters. */
function reasonIn(body: Record<string, unknown> | null, service: KeyService): string {
  const reason = body ? service.reasonOf(body) : undefined;
  return typeof reason === 'string' && /^[\w .:#-]{1,100}$/.test(reason) ? `, ${reason}` : '';
}

/** A member of an answer that must be text. */
export function textIn(answer: unknown, member: string, service: KeyService): string {
  const value = isObject(answer) ? answer[member] : undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new Fault(
    'invalid',
    `${service.variable} names ${service.name} at ${service.origin}, which answered without ${member}.`,
  );
}
