import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson, deriveKey, Fault, parseId } from '../kernel/index.ts';
import type { AskedCall } from './approval.ts';

/** What the approvals' hashes and the clients' states are made with: the same on every replica. */
export type ApprovalKeys = {
  /** The call with these arguments, and the same call with any. Keyed: arguments are too easily guessed. */
  hashesOf(call: AskedCall): { call: Buffer; scope: Buffer };
  /** Turns are told apart by the name a client gave; '' is none. */
  turnHash(name: string): Buffer;
  /** What a client gets to carry while its person decides: opaque, and good for this caller alone. */
  sealState(caller: StateHolder, approvalId: string): string;
  /** The approval a state stands for. Fault `invalid` (`invalid_params`) for one that was not made here for this caller. */
  openState(caller: StateHolder, state: string): string;
};

type StateHolder = { id: string; organizationId: string };

export function createApprovalKeys(secret: Buffer): ApprovalKeys {
  const hashKey = deriveKey(secret, 'approval-hashes');
  const stateKey = deriveKey(secret, 'approval-states');
  const hash = (parts: readonly unknown[]): Buffer =>
    createHmac('sha256', hashKey).update(canonicalJson(parts)).digest();
  const macOf = (caller: StateHolder, approvalId: string): Buffer =>
    createHmac('sha256', stateKey).update(`${caller.organizationId} ${caller.id} ${approvalId}`).digest();
  return {
    hashesOf(call) {
      const scope = [
        'scope',
        call.organizationId,
        call.principal.type,
        call.principal.id,
        call.userId,
        call.toolId,
        call.connectionId,
        call.version,
        call.ranAs,
        call.credentialId,
      ];
      return {
        call: hash(['call', scope, call.arguments, call.sealedFields.toSorted()]),
        scope: hash(scope),
      };
    },
    turnHash: (name) => hash(['turn', name]),
    sealState: (caller, approvalId) => `${approvalId}.${macOf(caller, approvalId).toString('base64url')}`,
    openState(caller, state) {
      const [id = '', mac = '', ...more] = state.slice(0, 200).split('.');
      const approvalId = parseId(id);
      const given = Buffer.from(mac, 'base64url');
      const wanted = approvalId === id ? macOf(caller, id) : null;
      if (wanted && more.length === 0 && given.length === wanted.length && timingSafeEqual(given, wanted)) {
        return id;
      }
      throw new Fault('invalid', 'The request state was not made here for this caller.', {
        code: 'invalid_params',
      });
    },
  };
}
