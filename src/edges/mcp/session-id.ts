import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isObject, type Json } from '../../kernel/index.ts';
import { legacyRevisions, type LegacyRevision } from './revisions.ts';

/** What the handshake agreed on. Carried by the id itself, so that any replica can serve it. */
export type SessionFacts = {
  revision: LegacyRevision;
  capabilities: ClientCapabilities;
  issuedAt: Date;
};

/** What a client said it can be asked for. */
export type ClientCapabilities = {
  elicitationForm: boolean;
  elicitationUrl: boolean;
  sampling: boolean;
  roots: boolean;
};

export function readCapabilities(value: Json | undefined): ClientCapabilities {
  const declared = isObject(value) ? value : {};
  const elicitation = declared['elicitation'];
  const modes = isObject(elicitation) ? elicitation : null;
  return {
    // An empty object is how earlier revisions say "forms".
    elicitationForm: modes !== null && (modes['form'] !== undefined || modes['url'] === undefined),
    elicitationUrl: modes?.['url'] !== undefined,
    sampling: isObject(declared['sampling']),
    roots: isObject(declared['roots']),
  };
}

// Layout of the payload, 21 bytes: revision, capabilities, issued at (ms), 13 random. The id is its base64url
// and that of the first 18 bytes of an HMAC over it and over whom it was given to.
const payloadBytes = 21;
const payloadChars = 28;
const macBytes = 18;
const idForm = /^[A-Za-z0-9_-]{52}$/;

/**
 * A new session's id. `binding` says for whom (organization, key, address): it is in the signature, not in
 * the id, so an id in other hands verifies for nobody and names nobody.
 */
export function sealSession(key: Buffer, binding: string, facts: SessionFacts): string {
  const payload = randomBytes(payloadBytes);
  payload[0] = legacyRevisions.indexOf(facts.revision);
  payload[1] = flagsOf(facts.capabilities);
  payload.writeUIntBE(facts.issuedAt.getTime(), 2, 6);
  return payload.toString('base64url') + macOf(key, binding, payload).toString('base64url');
}

/** Reads an id given to `binding`; null for any other text. */
export function openSession(key: Buffer, binding: string, id: string): SessionFacts | null {
  if (!idForm.test(id)) return null;
  const payload = Buffer.from(id.slice(0, payloadChars), 'base64url');
  if (!timingSafeEqual(macOf(key, binding, payload), Buffer.from(tagOf(id), 'base64url'))) return null;
  const revision = legacyRevisions[payload[0]!];
  if (!revision) return null;
  return {
    revision,
    capabilities: capabilitiesOf(payload[1]!),
    issuedAt: new Date(payload.readUIntBE(2, 6)),
  };
}

/** The part of an id that tells it from others: what the list of ended sessions keeps. */
export const tagOf = (id: string): string => id.slice(payloadChars);

function macOf(key: Buffer, binding: string, payload: Buffer): Buffer {
  return createHmac('sha256', key).update(payload).update(binding).digest().subarray(0, macBytes);
}

function flagsOf(capabilities: ClientCapabilities): number {
  const { elicitationForm, elicitationUrl, sampling, roots } = capabilities;
  return (
    Number(elicitationForm) | (Number(elicitationUrl) << 1) | (Number(sampling) << 2) | (Number(roots) << 3)
  );
}

function capabilitiesOf(flags: number): ClientCapabilities {
  return {
    elicitationForm: (flags & 1) !== 0,
    elicitationUrl: (flags & 2) !== 0,
    sampling: (flags & 4) !== 0,
    roots: (flags & 8) !== 0,
  };
}
