import type { AuthMethod } from '../../connectors/index.ts';
import { bodyProblem, canonicalJson, invalid, type JsonPath } from '../../kernel/index.ts';
import { isByHand, usualMethod } from '../sign-in.ts';

/**
 * What a person has to do with a sign-in method: give its fields, consent at the service by our connect flow, or
 * nothing.
 */
export type AuthMode = 'vault' | 'connection' | 'none';

export function authModeOf({ type }: AuthMethod): AuthMode {
  if (type === 'none') return 'none';
  return type === 'oauth2' || type === 'mcp_oauth' ? 'connection' : 'vault';
}

/** Which method, and its settings: nothing of it is secret. What is said of it for people only is left out. */
export function authConfigOf(method: AuthMethod): Readonly<Record<string, unknown>> {
  const { type, ...settings } = method;
  const said: Record<string, unknown> = { method: type };
  for (const [name, value] of Object.entries(settings)) {
    if (!forPeople.has(name) && value !== undefined) said[name] = value;
  }
  return said;
}

const forPeople: ReadonlySet<string> = new Set(['fields', 'source', 'scope_meanings']);

export const isSameMethod = (one: AuthMethod, other: AuthMethod): boolean =>
  canonicalJson(authConfigOf(one)) === canonicalJson(authConfigOf(other));

export type MethodWish = {
  /** Null: as the connector prefers. */
  authMode?: AuthMode | null;
  /** `method` and settings of one of the connector's methods; null: the first that fits the mode. */
  authConfig?: Readonly<Record<string, unknown>> | null;
};

/**
 * The connector's method that a wish names; the one it has where that fits. Fault `invalid` where the connector has
 * none of that kind.
 */
export function chooseMethod(
  offered: readonly AuthMethod[],
  current: AuthMethod,
  { authMode, authConfig }: MethodWish,
  paths: { authMode: JsonPath; authConfig: JsonPath },
): AuthMethod {
  if (authMode === undefined && authConfig === undefined) return current;
  const isNamed = authConfig != null && Object.keys(authConfig).length > 0;
  const methods = offered.some((method) => isSameMethod(method, current)) ? offered : [...offered, current];
  if (isNamed) {
    const named = namedBy(methods, authConfig, paths.authConfig);
    const fitting = named.filter((method) => authMode == null || authModeOf(method) === authMode);
    if (fitting.length === 0) {
      const message = `This sign-in method does not go with auth_mode ${authMode}.`;
      throw wrong([...paths.authConfig, 'method'], message);
    }
    return fitting.find((method) => isSameMethod(method, current)) ?? fitting[0]!;
  }
  if (authMode === null) return usualMethod(offered);
  const mode = authMode ?? authModeOf(current);
  if (authModeOf(current) === mode && authConfig !== null) return current;
  const first = firstOf(methods, mode);
  if (first) return first;
  throw wrong(paths.authMode, `The connector has no sign-in method for auth_mode ${mode}.`);
}

const firstOf = (methods: readonly AuthMethod[], mode: AuthMode): AuthMethod | undefined => {
  const fitting = methods.filter((method) => authModeOf(method) === mode);
  return fitting.find(isByHand) ?? fitting[0];
};

/** Methods that are all that the settings say. */
function namedBy(
  methods: readonly AuthMethod[],
  { method: type, ...settings }: Readonly<Record<string, unknown>>,
  path: JsonPath,
): readonly AuthMethod[] {
  let named = type === undefined ? methods : methods.filter((method) => method.type === type);
  if (named.length === 0) {
    const types = [...new Set(methods.map((method) => method.type))].join(', ');
    throw wrong([...path, 'method'], `The connector has no such sign-in method. It has: ${types}.`);
  }
  const isSaid = (name: string, value: unknown) => (method: AuthMethod) => {
    const said = authConfigOf(method);
    return Object.hasOwn(said, name) && canonicalJson(said[name]) === canonicalJson(value);
  };
  for (const [name, value] of Object.entries(settings)) {
    named = named.filter(isSaid(name, value));
    if (named.length === 0) {
      throw wrong([...path, name], 'The connector has no sign-in method of this setting.');
    }
  }
  return named;
}

const wrong = (path: JsonPath, message: string) => invalid(bodyProblem('value_error', path, message));
