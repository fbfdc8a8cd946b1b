import { randomBytes } from 'node:crypto';
import type { HttpBody } from '../../connectors/index.ts';
import type { Json } from '../../kernel/index.ts';
import { badField, plainText } from './encode-text.ts';
import { writeQueryPairs } from './write-parameter.ts';

export type WrittenBody = { contentType: string; body: string | Buffer } | null;
type Values = { readonly [field: string]: Json };
type Member = { field: string; name: string; value: Json };

/** Writes the body from the input fields that feed it. Throws Fault `invalid` naming the field. */
export function writeBody(body: HttpBody, values: Values, mayBeEmpty: boolean): WrittenBody {
  const type = body.contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (body.members === null) {
    const field = body.whole;
    const value = field === null || !Object.hasOwn(values, field) ? undefined : values[field];
    return field === null || value === undefined ? null : writeWhole(body.contentType, type, field, value);
  }
  const members = Object.entries(body.members)
    .filter(([field]) => Object.hasOwn(values, field) && values[field] !== undefined)
    .map(([field, name]): Member => ({ field, name, value: values[field]! }));
  if (members.length === 0 && mayBeEmpty) return null;
  if (type === 'application/x-www-form-urlencoded') return writeForm(body, members);
  if (type === 'multipart/form-data') return writeMultipart(body, members);
  const object = Object.fromEntries(members.map(({ name, value }) => [name, value]));
  return { contentType: body.contentType, body: JSON.stringify(object) };
}

function writeWhole(contentType: string, type: string, field: string, value: Json): WrittenBody {
  if (isJsonType(type)) return { contentType, body: JSON.stringify(value) };
  if (typeof value !== 'string') return { contentType, body: JSON.stringify(value) };
  if (type.startsWith('text/') || /[/+](?:xml|yaml|graphql|x-ndjson|x-www-form-urlencoded)$/.test(type)) {
    return { contentType, body: value };
  }
  return { contentType, body: bytesOf(field, value) };
}

export function isJsonType(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json') || type === 'text/json';
}

function writeForm(body: HttpBody, members: readonly Member[]): WrittenBody {
  const pairs = members.flatMap(({ name, value }) => {
    const { style = 'form', explode = true, contentType = null } = body.encoding[name] ?? {};
    return writeQueryPairs({ name, style, explode, contentType, allowReserved: false }, value);
  });
  return { contentType: body.contentType, body: pairs.join('&').replaceAll('%20', '+') };
}

function writeMultipart(body: HttpBody, members: readonly Member[]): WrittenBody {
  const boundary = `toolcrib-${randomBytes(18).toString('hex')}`;
  const parts: Buffer[] = [];
  for (const { field, name, value } of members) {
    const { contentType, binary = false } = body.encoding[name] ?? {};
    // An array of files or texts is one part each, under the same name.
    for (const one of Array.isArray(value) && !isJsonType(contentType ?? '') ? (value as Json[]) : [value]) {
      const quoted = name.replace(/["\r\n]/g, encodeURIComponent);
      const head = [`--${boundary}`, `Content-Disposition: form-data; name="${quoted}"`];
      if (binary) head[1] += `; filename="${quoted}"`;
      const type =
        contentType ??
        (binary ? 'application/octet-stream' : typeof one === 'object' ? 'application/json' : null);
      if (type !== null) head.push(`Content-Type: ${type.replace(/[\r\n]/g, '')}`);
      const content = binary
        ? bytesOf(field, one)
        : Buffer.from(isJsonType(type ?? '') ? JSON.stringify(one) : plainText(one));
      parts.push(Buffer.from(`${head.join('\r\n')}\r\n\r\n`), content, Buffer.from('\r\n'));
    }
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(parts) };
}

/** Binary fields travel as base64 inside arguments. */
function bytesOf(field: string, value: Json): Buffer {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) {
    throw badField(field, 'Must be base64.');
  }
  return Buffer.from(value, 'base64');
}
