import { findUser, mayActFor, mayUsePack, mayUseWorkspace, type Principal } from '../access/index.ts';
import type { Connection } from '../connections/index.ts';
import { notFound, parseId, type Tx } from '../kernel/index.ts';
import { findPack, servedName, toolsServed, type Pack } from '../packs/index.ts';
import { getOwn, toolsOfConnections } from '../tools/index.ts';
import { findCredentials, type Credential, type Owner } from '../vault/index.ts';
import { consentToolName, describeConsentTool, type ConsentTool } from './ask-consent.ts';
import { authorityFor, type ActingUser } from './authority.ts';
import type { CallAuthority, CompiledTool, createToolCache } from './compiled-tool.ts';
import { refusedTools, type RefusedTool } from './refused-tools.ts';
import type { View, ViewTool } from './types.ts';

/** One tool at an address: how it is compiled and whose credential it runs with. */
export type CallableTool = { name: string; compiled: CompiledTool; authority: CallAuthority };

/** A view with what only the gateway may see of it. */
export type CompiledView = View & {
  packSlug: string;
  /** Whose yes counts for calls that ask: also that of the person at the client, or a member's alone. */
  approveBy: Pack['approveBy'];
  callable: ReadonlyMap<string, CallableTool>;
  /** By the names they had: tools that are not listed, and whose calls are told why. */
  refused: ReadonlyMap<string, RefusedTool>;
  /** At an agent's address: why it is deactivated, so that every call is refused; null while it is active. */
  agent?: { deactivated: string | null };
  /** `authenticate_<slug>` of each connection that the user has yet to connect. */
  consentTools: ReadonlyMap<string, ConsentTool>;
};

/** The pack an address names, if the key may use it. Fault `not_found` for everything else. */
export async function packOfAddress(tx: Tx, principal: Principal, named: string): Promise<Pack> {
  const id = parseId(named);
  const pack =
    (id && (await findPack(tx, principal.organizationId, { id }))) ??
    (await findPack(tx, principal.organizationId, { slug: named }));
  if (!pack || !mayUsePack(principal, pack.id)) throw notFound();
  return pack;
}

/** The user an address or a key bound to exactly one user names. */
export async function actingUser(tx: Tx, principal: Principal, userId: string | null): Promise<ActingUser> {
  const named = userId ?? (principal.userIds?.length === 1 ? principal.userIds[0]! : null);
  if (named === null) return null;
  if (!mayActFor(principal, named)) throw notFound();
  const row = await findUser(tx, principal.organizationId, named);
  if (!row) throw notFound();
  return { id: row.user_id, companyId: row.company_id };
}

/** What calls at an address may sign in with: the organization's credentials, the user's and their company's. */
async function credentialsOf(
  tx: Tx,
  organizationId: string,
  user: ActingUser,
): Promise<readonly Credential[]> {
  const owners: Owner[] = [{ type: 'organization', id: organizationId }];
  if (user) owners.push({ type: 'user', id: user.id });
  if (user?.companyId) owners.push({ type: 'company', id: user.companyId });
  const found: Credential[] = [];
  for (const owner of owners) found.push(...(await findCredentials(tx, organizationId, { owner })));
  return found;
}

/** What the model is told of a connection before it sees its tools. */
const wordsOf = ({ nickname, descriptionOverride }: Connection): readonly string[] =>
  descriptionOverride === null ? [] : [`${nickname}: ${descriptionOverride}`];

/** A compiled tool as text under each of its names, so that the views of a thousand users share it. */
const texts = new WeakMap<CompiledTool, Map<string, string>>();

function textOf(compiled: CompiledTool, name: string): string {
  const known = texts.get(compiled) ?? new Map<string, string>();
  texts.set(compiled, known);
  const text = known.get(name) ?? JSON.stringify({ name, ...compiled.served });
  known.set(name, text);
  return text;
}

/**
 * Compiles what a pack serves to one user: enabled, listed by the service, selected, and of an active connection
 * in a workspace the key may use.
 */
export async function compileView(
  tx: Tx,
  cache: ReturnType<typeof createToolCache>,
  pack: Pack,
  principal: Principal,
  user: ActingUser,
  authenticatedOnly: boolean,
): Promise<CompiledView> {
  const { organizationId } = pack;
  const entries = pack.entries.filter(
    ({ connection }) => connection.isActive && mayUseWorkspace(principal, connection.workspaceId),
  );
  const tools = await toolsOfConnections(
    tx,
    organizationId,
    entries.map((entry) => entry.connection.id),
  );
  const credentials = await credentialsOf(tx, organizationId, user);
  const callable = new Map<string, CallableTool>();
  const consentTools = new Map<string, ConsentTool>();
  const refused = new Map<string, RefusedTool>();
  const listed: ViewTool[] = [];
  const unconnected: string[] = [];
  const told = pack.description ? [pack.description] : [];
  for (const entry of entries) {
    const { connection, authScope, overrides } = entry;
    const authority = authorityFor(connection, authScope, user, credentials);
    if (authority === null) continue;
    if (authority.kind === 'missing' && authority.consent) unconnected.push(connection.id);
    if (authenticatedOnly && authority.kind === 'missing') continue;
    const before = listed.length;
    for (const tool of toolsServed(entry, tools)) {
      const compiled = cache.compile(tool, connection, getOwn(overrides, tool.name) ?? null);
      const name = servedName(pack, tool);
      callable.set(name, { name, compiled, authority });
      listed.push({ name, json: textOf(compiled, name) });
    }
    for (const gone of refusedTools(entry, tools)) refused.set(servedName(pack, gone.tool), gone.refused);
    if (listed.length > before) told.push(...wordsOf(connection));
    if (authority.kind !== 'missing' || authority.consent === null) continue;
    const name = consentToolName(connection.slug);
    // Under plain names the service may have a tool of this name: then that is the tool, and its refusal has the link.
    if (callable.has(name)) continue;
    const consentTool: ConsentTool = {
      connectionId: connection.id,
      connectionNickname: connection.nickname,
      missing: { ...authority, consent: authority.consent },
    };
    consentTools.set(name, consentTool);
    listed.push(describeConsentTool(name, consentTool));
  }
  return {
    organizationId,
    packId: pack.id,
    packSlug: pack.slug,
    approveBy: pack.approveBy,
    packName: pack.name,
    instructions: told.join('\n\n'),
    userId: user?.id ?? null,
    tools: listed,
    unconnected,
    callable,
    refused,
    consentTools,
  };
}
