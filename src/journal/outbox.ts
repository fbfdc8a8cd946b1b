import { isObject, type Json } from '../kernel/index.ts';

/** What happened, in the words of conventions.md ("Webhooks"). */
export const eventTypes = [
  'connection.status_changed',
  'connection.drifted',
  'agent.deactivated',
  'approval.requested',
  'approval.decided',
  'call.denied',
  'credential.reused',
] as const;
export type EventType = (typeof eventTypes)[number];

/** One thing that happened, for whoever wants to hear of it. Never a secret: it leaves for other people's servers. */
export type OutboxEvent = { type: EventType; data: { readonly [field: string]: Json } };

/** An event as it is kept. */
export type HappenedEvent = {
  id: string;
  organizationId: string;
  type: string;
  data: OutboxEvent['data'];
  createdAt: Date;
};

/** Bytes of an event's data as JSON; with what surrounds it a body stays under 20 kB. */
const mostBytes = 16_000;
/** Characters of one text, less and less until the whole fits. */
const textLengths = [1_000, 100, 10];

/** The data with long texts cut, so that one service's long reason never makes a body that nobody may send. */
export function fitData(data: OutboxEvent['data']): OutboxEvent['data'] {
  for (const length of textLengths) {
    const cut = cutTexts(data, length) as OutboxEvent['data'];
    if (Buffer.byteLength(JSON.stringify(cut)) <= mostBytes) return cut;
  }
  return { truncated: true };
}

function cutTexts(value: Json, length: number): Json {
  if (typeof value === 'string') {
    const text = value.length > length ? `${value.slice(0, length - 1)}…` : value;
    return text.toWellFormed().replaceAll('\u0000', '�');
  }
  if (Array.isArray(value)) return value.map((one: Json) => cutTexts(one, length));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cutTexts(one, length)]));
}
