import type { AuthMethod } from '../../connectors/index.ts';

/** What every service means by these. */
const usual: Readonly<Record<string, string>> = {
  openid: 'Know that it is you',
  profile: 'See your name and picture',
  email: 'See your e-mail address',
  offline_access: 'Stay connected while you are away',
  read: 'Read what you can read',
  write: 'Change what you can change',
  admin: 'Administer what you can administer',
};

const verbs: Readonly<Record<string, string>> = {
  read: 'Read',
  readonly: 'Read',
  history: 'Read the history of',
  list: 'List',
  write: 'Change',
  edit: 'Change',
  create: 'Create',
  send: 'Send',
  delete: 'Delete',
  manage: 'Manage',
  admin: 'Administer',
};

/** A scope in plain words: the connector's own, else what can be read out of its name. */
export function meaningOf(scope: string, method: AuthMethod): string {
  const said = method.type === 'oauth2' ? method.scope_meanings : undefined;
  if (said && Object.hasOwn(said, scope)) return said[scope]!;
  if (Object.hasOwn(usual, scope)) return usual[scope]!;
  // Services name scopes by address: what counts is its end.
  const isAddress = /^https?:/.test(scope);
  const name = (isAddress && URL.parse(scope)?.pathname.split('/').findLast(Boolean)) || scope;
  const words = name.split(/[:.\s/_-]+/).filter(Boolean);
  const at = words.findIndex((word) => Object.hasOwn(verbs, word.toLowerCase()));
  const things = words.filter((_, index) => index !== at).join(' ');
  if (at === -1) return `Use ${things}`;
  const verb = verbs[words[at]!.toLowerCase()]!;
  return things === '' ? verb : `${verb} ${things}`;
}

/**
 * The scopes a person is asked for, each in plain words. `named` are those an MCP server names itself, `wanted` what
 * the service has asked for beyond that since.
 */
export function scopeWords(
  method: AuthMethod,
  named: readonly string[],
  wanted: readonly string[] = [],
): readonly { scope: string; meaning: string }[] {
  const own = 'scopes' in method ? (method.scopes ?? []) : [];
  const asked = own.length > 0 || method.type !== 'mcp_oauth' ? own : named;
  return [...new Set([...asked, ...wanted])].map((scope) => ({ scope, meaning: meaningOf(scope, method) }));
}
