import { createHash } from 'node:crypto';
import type { Problem } from '../kernel/index.ts';
import { bodyProblem, canonicalJson, invalid } from '../kernel/index.ts';
import { checkAgainstSchema } from './check-against-schema.ts';
import { configProblems } from './config-problems.ts';
import type { AuthMethod, ConnectorFile } from './connector-file.ts';
import type { Definition } from './definition.ts';
import { placeholders } from './fill-address.ts';
import type { WrittenTool } from './parse-tool.ts';
import { headerProblems, parseTool } from './parse-tool.ts';
import { migrationProblems } from './migration-problems.ts';

/** A slug that is no catalog entry: connections made from an OpenAPI document carry it. */
export const reservedSlugs: readonly string[] = ['openapi'];

type Optional = 'config' | 'egress' | 'identity' | 'limits' | 'migrations';
type Written = Omit<ConnectorFile, 'tools' | Optional> &
  Partial<Pick<ConnectorFile, Optional>> & {
    tools?: readonly WrittenTool[];
    headers?: Readonly<Record<string, string>>;
  };

/**
 * Reads a connector as people write it, from YAML or as JSON: checked by docs/connector.schema.json and for what
 * a schema cannot say. Throws Fault `invalid` with every problem and its exact place.
 */
export function parseConnectorFile(value: unknown): ConnectorFile {
  const problems = checkAgainstSchema(value);
  if (problems.length > 0) throw invalid(...problems);
  const written = value as Written;
  const { headers = {}, tools = [] } = written;
  const found: Problem[] = [...headerProblems(headers, ['headers']), ...fileProblems(written)];
  const definitions: Definition[] = [];
  tools.forEach((tool, index) => {
    const { definition, problems } = parseTool(tool, headers, ['tools', index]);
    found.push(...problems);
    if (definition) definitions.push(definition);
  });
  if (found.length === 0) found.push(...migrationProblems(written, definitions));
  if (found.length > 0) throw invalid(...found);
  return {
    slug: written.slug,
    version: written.version,
    ...(written.minimum_version === undefined ? {} : { minimum_version: written.minimum_version }),
    name: written.name,
    description: written.description,
    categories: written.categories,
    source_url: written.source_url,
    logo_url: written.logo_url,
    changelog: written.changelog,
    kind: written.kind,
    base_url: written.base_url,
    config: written.config ?? [],
    auth: written.auth,
    egress: written.egress ?? [],
    identity: written.identity ?? null,
    limits: written.limits ?? null,
    tools: definitions,
    migrations: written.migrations ?? [],
  };
}

function fileProblems(written: Written): readonly Problem[] {
  const problems: Problem[] = [];
  const { slug, kind, tools = [], config = [], identity } = written;
  const add = (path: readonly (string | number)[], message: string) =>
    problems.push(bodyProblem('value_error', path, message));
  if (reservedSlugs.includes(slug)) add(['slug'], `The slug "${slug}" is reserved.`);
  if (kind === 'mcp' && tools.length > 0) add(['tools'], "An MCP server's tools come from the server.");
  repeated(tools.map((tool) => tool.name)).forEach((index) =>
    add(['tools', index, 'name'], 'Another tool has this name.'),
  );
  repeated(config.map((field) => field.name)).forEach((index) =>
    add(['config', index, 'name'], 'Another field has this name.'),
  );
  problems.push(...configProblems(config, ['config']));
  const known = new Set(config.map((field) => field.name));
  const checkAddress = (text: string | undefined, path: readonly (string | number)[]) => {
    for (const name of placeholders(text ?? ''))
      if (!known.has(name)) add(path, `No field of config is called "${name}".`);
  };
  checkAddress(written.base_url, ['base_url']);
  if (!/^(?:https?:\/\/|\{[a-z][a-z0-9_]*\})/.test(written.base_url))
    add(['base_url'], 'This must be an http or https address.');
  written.auth.forEach((method, index) => {
    if ('token_url' in method) checkAddress(method.token_url, ['auth', index, 'token_url']);
    if (method.type === 'oauth2') {
      checkAddress(method.authorization_url, ['auth', index, 'authorization_url']);
      checkAddress(method.revocation_url, ['auth', index, 'revocation_url']);
      checkAddress(method.issuer, ['auth', index, 'issuer']);
    }
    if ('token_headers' in method)
      problems.push(...headerProblems(method.token_headers ?? {}, ['auth', index, 'token_headers']));
    problems.push(...takenParameters(method, index));
  });
  if (identity && !tools.some((tool) => tool.name === identity.tool))
    add(['identity', 'tool'], 'There is no such tool.');
  return problems;
}

/** What OAuth itself puts into a request: a file that set it could take PKCE or the state away. */
const ownParameters =
  /^(?:response_type|client_id|client_secret|redirect_uri|state|scope|code|code_verifier|code_challenge|code_challenge_method|resource|request|request_uri|grant_type|refresh_token|client_assertion|client_assertion_type)$/;

function takenParameters(method: AuthMethod, index: number): readonly Problem[] {
  const given = {
    authorization_params: 'authorization_params' in method ? method.authorization_params : undefined,
    token_params: 'token_params' in method ? method.token_params : undefined,
  };
  return Object.entries(given).flatMap(([field, values]) =>
    Object.keys(values ?? {})
      .filter((name) => ownParameters.test(name))
      .map((name) =>
        bodyProblem('value_error', ['auth', index, field, name], 'This parameter cannot be set here.'),
      ),
  );
}

/** Positions of names that stood earlier in the list. */
function repeated(names: readonly string[]): readonly number[] {
  return names.flatMap((name, index) => (names.indexOf(name) < index ? [index] : []));
}

/** SHA-256, in hex, over what the file says; the order of its keys does not matter. */
export function hashConnectorFile(file: ConnectorFile): string {
  return createHash('sha256').update(canonicalJson(file)).digest('hex');
}
