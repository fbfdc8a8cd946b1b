import { bodyProblem, invalid, type JsonPath } from '../kernel/index.ts';
import type { ConnectorFile } from './connector-file.ts';
import { readAddress } from './read-servers.ts';

const placeholder = /\{([a-z][a-z0-9_]*)\}/g;

/** The names between braces. */
export const placeholders = (template: string): readonly string[] =>
  [...template.matchAll(placeholder)].map((match) => match[1]!);

/** The connector's base address for one connection. Throws Fault `invalid` at the setting's name below `path`. */
export function fillAddress(
  file: ConnectorFile,
  config: Readonly<Record<string, unknown>>,
  path: JsonPath = ['config'],
): string {
  return fillTemplate(file.base_url, file, config, path);
}

/**
 * Puts configuration into an address of a connector file. A value never leaves its place: at the beginning it is
 * a whole http(s) address, in the host one label, in the path one segment. Throws Fault `invalid` at the
 * setting's name below `path`.
 */
export function fillTemplate(
  template: string,
  file: Pick<ConnectorFile, 'config'>,
  config: Readonly<Record<string, unknown>>,
  path: JsonPath = ['config'],
): string {
  const pathStart = template.indexOf('/', template.indexOf('://') + 3);
  return template.replaceAll(placeholder, (_, name: string, offset: number) => {
    const at = [...path, name];
    const value = textOf(name, file, config, at);
    if (offset === 0) return wholeAddress(at, value);
    return pathStart === -1 || offset < pathStart ? hostLabel(at, value) : pathSegment(at, value);
  });
}

function textOf(
  name: string,
  file: Pick<ConnectorFile, 'config'>,
  config: Readonly<Record<string, unknown>>,
  at: JsonPath,
): string {
  const given = Object.hasOwn(config, name) ? config[name] : undefined;
  const value = given ?? file.config.find((field) => field.name === name)?.default;
  if (value === undefined || value === null || value === '') {
    throw invalid(bodyProblem('missing', at, `"${name}" is needed for the address of the service.`));
  }
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw invalid(bodyProblem('wrong_type', at, `"${name}" must be text.`));
  }
  return String(value);
}

function wholeAddress(at: JsonPath, value: string): string {
  const address = readAddress(value, null);
  const url = URL.parse(value);
  if (address === null || url === null || url.hash !== '') {
    throw refuse(at, 'must be an absolute http or https address without user name, password and fragment');
  }
  // An MCP server's address may carry a query of its own.
  return `${address}${url.search}`;
}

function hostLabel(at: JsonPath, value: string): string {
  if (!/^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(value)) {
    throw refuse(at, 'must be one part of a host name: letters, digits and hyphens');
  }
  return value.toLowerCase();
}

function pathSegment(at: JsonPath, value: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/^\.{1,2}$|[/\\\u0000-\u001F\u007F]/.test(value) || !value.isWellFormed()) {
    throw refuse(at, 'must be one part of a path, without slashes');
  }
  return encodeURIComponent(value);
}

const refuse = (at: JsonPath, message: string) =>
  invalid(bodyProblem('value_error', at, `"${at.at(-1)}" ${message}.`));
