import { Fault } from '../../kernel/index.ts';
import type { Json } from '../../kernel/index.ts';
import type { HttpBinding, HttpParameter } from '../../connectors/index.ts';
import { badField, encodePart, hasControl, plainText } from './encode-text.ts';
import { writeBody } from './write-body.ts';
import { writeHeaderValue, writePathValue, writeQueryPairs } from './write-parameter.ts';

/** A request before it is signed. Header names are in lower case. */
export type HttpRequest = {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | Buffer | null;
};

type Values = { readonly [field: string]: Json };

/** Belong to the connection, to the credential or to the protocol, not to an argument. */
const reservedHeaders =
  /^(?:host|content-(?:length|type|encoding)|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|authorization|cookie2?|set-cookie2?|proxy-.*|forwarded|x-forwarded-.*|x-real-ip|via|traceparent|tracestate|baggage|accept|accept-encoding|user-agent|x-http-method.*|x-method-override|mcp-.*)$/;
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const headerText = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Writes an operation's request below `base`. Arguments cannot leave their place: path values stay one
 * segment, query values one pair, headers one line. Throws Fault `invalid` naming the input field.
 */
export function buildRequest(base: string, binding: HttpBinding, values: Values): HttpRequest {
  const root = URL.parse(base);
  if (!root) throw new Fault('internal', 'The base address of the service cannot be read.');
  const headers: Record<string, string> = { ...binding.fixedHeaders };
  const query: string[] = [];
  const cookies: string[] = [];
  const paths = new Map<string, string>();
  const names = new Set(binding.parameters.filter((one) => one.in === 'query').map((one) => one.name));

  for (const parameter of binding.parameters) {
    const value = Object.hasOwn(values, parameter.field) ? values[parameter.field] : undefined;
    if (value === undefined || (value === null && parameter.in !== 'path')) continue;
    if (parameter.in === 'path') paths.set(parameter.name, pathText(parameter, value));
    else if (parameter.in === 'query') query.push(...queryPairs(parameter, value, names));
    else if (parameter.in === 'header') headers[headerOf(parameter)] = headerValue(parameter, value);
    else cookies.push(...cookiePairs(parameter, value));
  }
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');

  const mayBeEmpty = binding.method === 'GET' || binding.method === 'HEAD' || binding.method === 'DELETE';
  const written = binding.body && writeBody(binding.body, values, mayBeEmpty);
  if (written) headers['content-type'] = written.contentType.replace(/[\r\n]/g, '');

  const path = root.pathname.replace(/\/$/, '') + fillPath(binding, paths);
  const url = URL.parse(root.origin + path + (query.length > 0 ? `?${query.join('&')}` : ''));
  if (!url || url.origin !== root.origin)
    throw new Fault('internal', 'The address of the operation cannot be read.');
  url.hash = '';
  return { method: binding.method, url: url.href, headers, body: written?.body ?? null };
}

function fillPath(binding: HttpBinding, paths: ReadonlyMap<string, string>): string {
  const template = binding.path.startsWith('/') ? binding.path : `/${binding.path}`;
  const filled = template.replace(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const text = paths.get(name);
    if (text !== undefined) return text;
    const field = binding.parameters.find((one) => one.in === 'path' && one.name === name)?.field ?? name;
    throw badField(field, 'Is needed in the address.');
  });
  return filled.replaceAll('#', '%23').replaceAll('\\', '%5C');
}

function pathText(parameter: HttpParameter, value: Json): string {
  const text = writePathValue(parameter, value);
  const raw = plainText(value);
  const scalars = Array.isArray(value) ? value.map((one: Json) => plainText(one)) : [raw];
  // An empty or dotted segment would be another operation's address once a server tidies the path.
  if (text === '' || raw === '' || raw === '[]' || raw === '{}')
    throw badField(parameter.field, 'Must not be empty.');
  for (const scalar of scalars) {
    if (hasControl(scalar) || scalar.split(/[/\\]/).some((part) => part === '.' || part === '..')) {
      throw badField(parameter.field, 'Must not hold control characters or "." and ".." as parts of a path.');
    }
  }
  return text;
}

function queryPairs(parameter: HttpParameter, value: Json, names: ReadonlySet<string>): string[] {
  const spreads = parameter.explode && parameter.style === 'form' && parameter.contentType === null;
  if (spreads && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // Keys of a spread object become parameters: they must not stand in for a declared one.
    const taken = Object.keys(value).find((key) => names.has(key) && key !== parameter.name);
    if (taken !== undefined)
      throw badField(parameter.field, 'Holds a key that is another parameter of this call.');
  }
  return writeQueryPairs(parameter, value);
}

function headerOf(parameter: HttpParameter): string {
  const name = parameter.name.toLowerCase();
  if (!headerName.test(name) || reservedHeaders.test(name)) {
    throw badField(parameter.field, 'Would set a header that no argument may set.');
  }
  return name;
}

function headerValue(parameter: HttpParameter, value: Json): string {
  const text = writeHeaderValue(parameter, value);
  if (!headerText.test(text)) throw badField(parameter.field, 'Cannot be sent in a header.');
  return text.trim();
}

function cookiePairs(parameter: HttpParameter, value: Json): string[] {
  return writeQueryPairs({ ...parameter, style: 'form', allowReserved: false }, value).map((pair) =>
    parameter.explode ? pair : pair.replaceAll(',', encodePart(',')),
  );
}
