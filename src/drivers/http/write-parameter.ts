import { isObject } from '../../kernel/index.ts';
import type { Json } from '../../kernel/index.ts';
import type { HttpParameter } from '../../connectors/index.ts';
import { encodePart, encodeReserved, plainText } from './encode-text.ts';

type Style = Pick<HttpParameter, 'name' | 'style' | 'explode' | 'allowReserved' | 'contentType'>;

const items = (value: readonly Json[]): string[] => value.map(plainText);
const pairs = (value: { [key: string]: Json }): [string, string][] =>
  Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([key, one]) => [key, plainText(one)]);

/** A path parameter as it stands in the template's place (OpenAPI styles simple, label and matrix). */
export function writePathValue(parameter: Style, value: Json): string {
  const { style, explode } = parameter;
  const name = encodePart(parameter.name);
  const whole = (text: string): string =>
    style === 'label' ? `.${text}` : style === 'matrix' ? `;${name}=${text}` : text;
  if (parameter.contentType !== null) return whole(encodePart(JSON.stringify(value)));
  if (Array.isArray(value)) {
    const parts = items(value).map(encodePart);
    if (explode && style === 'label') return parts.map((part) => `.${part}`).join('');
    if (explode && style === 'matrix') return parts.map((part) => `;${name}=${part}`).join('');
    return whole(parts.join(','));
  }
  if (isObject(value)) {
    const parts = pairs(value).map(([key, text]) => [encodePart(key), encodePart(text)] as const);
    if (!explode) return whole(parts.flat().join(','));
    const glue = style === 'label' ? '.' : style === 'matrix' ? ';' : ',';
    const text = parts.map((pair) => pair.join('=')).join(glue);
    return style === 'simple' ? text : glue + text;
  }
  return whole(encodePart(plainText(value)));
}

/** A query parameter as `name=value` pairs, encoded. */
export function writeQueryPairs(parameter: Style, value: Json): string[] {
  const encode = parameter.allowReserved ? encodeReserved : encodePart;
  const name = encodePart(parameter.name);
  if (parameter.contentType !== null) return [`${name}=${encode(JSON.stringify(value))}`];
  if (parameter.style === 'deepObject') return deepPairs(parameter.name, value, encode);
  const separator = separatorOf(parameter.style);
  if (Array.isArray(value)) {
    const parts = items(value).map(encode);
    if (parameter.explode) return parts.map((part) => `${name}=${part}`);
    return parts.length === 0 ? [] : [`${name}=${parts.join(separator)}`];
  }
  if (isObject(value)) {
    const parts = pairs(value).map(([key, text]) => [encodePart(key), encode(text)] as const);
    if (parameter.explode) return parts.map((pair) => pair.join('='));
    return parts.length === 0 ? [] : [`${name}=${parts.flat().join(separator)}`];
  }
  return [`${name}=${encode(plainText(value))}`];
}

function separatorOf(style: HttpParameter['style']): string {
  if (style === 'spaceDelimited') return '%20';
  return style === 'pipeDelimited' ? '%7C' : ',';
}

function deepPairs(name: string, value: Json, encode: (text: string) => string): string[] {
  if (Array.isArray(value)) return value.flatMap((one, i) => deepPairs(`${name}[${i}]`, one, encode));
  if (isObject(value)) {
    return Object.entries(value).flatMap(([key, one]) => deepPairs(`${name}[${key}]`, one, encode));
  }
  return [`${encodePart(name)}=${encode(plainText(value))}`];
}

/** A header's value (style simple), not percent-encoded. */
export function writeHeaderValue(parameter: Style, value: Json): string {
  if (parameter.contentType !== null) return JSON.stringify(value);
  if (Array.isArray(value)) return items(value).join(',');
  if (isObject(value)) {
    return pairs(value)
      .map((pair) => pair.join(parameter.explode ? '=' : ','))
      .join(',');
  }
  return plainText(value);
}
