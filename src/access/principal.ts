import { Fault } from '../kernel/index.ts';

/** What a key may do. `:all` scopes stand for every fine one on their side. */
export const scopes = [
  'management:all',
  'runtime:all',
  'connectors:read',
  'agents:read',
  'agents:write',
  'agents:delete',
  'tools:read',
  'tools:write',
  'packs:read',
  'packs:write',
  'credentials:write',
  'approvals:decide',
  'keys:write',
  'audit:read',
  'calls:read',
] as const;
export type Scope = (typeof scopes)[number];

/** Who is calling. Comes from the credential alone; nothing in a path, header or body adds to it. */
export type Principal = {
  /** A key of somebody's, or an agent's own. */
  type: 'key' | 'agent';
  /** The key's id; of an agent's key that is the agent's. */
  id: string;
  organizationId: string;
  /** The operator's admin key: makes and lists organizations. */
  isOperator: boolean;
  scopes: ReadonlySet<Scope>;
  /** Null: not restricted in this dimension. */
  packIds: readonly string[] | null;
  userIds: readonly string[] | null;
  workspaceIds: readonly string[] | null;
  rateLimit: { perMinute: number | null; perHour: number | null };
  expiresAt: Date | null;
};

/** What every command is told about the request it serves. */
export type Caller = { principal: Principal; requestId: string };

export function holdsScope(principal: Principal, scope: Scope): boolean {
  if (principal.scopes.has(scope)) return true;
  return scope === 'runtime:all' ? false : principal.scopes.has('management:all');
}

/** The first line of every command. Throws Fault `forbidden` that names the missing scope. */
export function authorize(principal: Principal, scope: Scope): void {
  if (!holdsScope(principal, scope)) {
    throw new Fault('forbidden', `This key lacks the scope ${scope}.`, { code: 'insufficient_scope' });
  }
  // What tools:write changes holds in every pack and for every user, so no key of some of them may do it.
  if (scope === 'tools:write' && (principal.packIds || principal.userIds)) {
    throw new Fault(
      'forbidden',
      'This key is bound to packs or registered users; connections and their tools are everybody’s.',
    );
  }
}

/** Where one of several scopes will do. Fault `forbidden` names the first. */
export function authorizeAny(principal: Principal, wanted: readonly [Scope, ...Scope[]]): void {
  if (!wanted.some((scope) => holdsScope(principal, scope))) authorize(principal, wanted[0]);
}

/** Organizations are the operator's alone. */
export function authorizeOperator(principal: Principal): void {
  if (!principal.isOperator) throw new Fault('forbidden', 'Only the operator’s admin key may do this.');
}

/** True when the key may touch this pack. */
export const mayUsePack = (principal: Principal, packId: string): boolean =>
  principal.packIds === null || principal.packIds.includes(packId);

/** True when the key may act for this registered user. */
export const mayActFor = (principal: Principal, userId: string): boolean =>
  principal.userIds === null || principal.userIds.includes(userId);

/** True when the key may touch this workspace. */
export const mayUseWorkspace = (principal: Principal, workspaceId: string): boolean =>
  principal.workspaceIds === null || principal.workspaceIds.includes(workspaceId);
