import type { Definition, HttpBinding } from '../connectors/index.ts';
import { canonicalJson, type Json } from '../kernel/index.ts';
import { declaredFields } from './field-schema.ts';

export type Moved = { path: string; before: Json | undefined; after: Json | undefined };

/**
 * Where calls would travel another way. A parameter that comes or goes with its field of the input is the schema's
 * difference, not one more.
 */
export function compareBindings(before: Definition, after: Definition): readonly Moved[] {
  const [was, is] = [before.binding, after.binding];
  if (was.kind !== 'http' || is.kind !== 'http') return movedParts('/binding', was, is);
  const { parameters: _oldParameters, body: oldBody, ...old } = was;
  const { parameters: _parameters, body, ...now } = is;
  const declared = declaredFields(after.inputSchema);
  const common = new Set([...declaredFields(before.inputSchema)].filter((field) => declared.has(field)));
  const kept = (binding: HttpBinding): Record<string, Json> =>
    Object.fromEntries(
      binding.parameters.filter(({ field }) => common.has(field)).map((one) => [one.field, one]),
    );
  return [
    ...movedParts('/binding', { fixedHeaders: {}, ...old }, { fixedHeaders: {}, ...now }),
    ...movedParts('/binding/parameters', kept(was), kept(is)),
    ...compareBodies(oldBody, body, common),
  ];
}

function compareBodies(
  was: HttpBinding['body'],
  is: HttpBinding['body'],
  common: ReadonlySet<string>,
): readonly Moved[] {
  const keptBody = (body: HttpBinding['body']): Record<string, Json> | null => {
    if (!body) return null;
    const members = Object.entries(body.members ?? {}).filter(([field]) => common.has(field));
    const encoding = members.flatMap(([, member]) =>
      Object.hasOwn(body.encoding, member) ? [[member, body.encoding[member]!] as const] : [],
    );
    return {
      contentType: body.contentType,
      isWhole: body.members === null,
      whole: body.whole !== null && common.has(body.whole) ? body.whole : null,
      members: Object.fromEntries(members),
      encoding: Object.fromEntries(encoding),
    };
  };
  const [before, after] = [keptBody(was), keptBody(is)];
  if (before && after) return movedParts('/binding/body', before, after);
  // A body that comes with its fields, or goes with them, carries nothing that both definitions know.
  const only = before ?? after;
  const carries =
    only !== null && (only['whole'] !== null || Object.keys(only['members'] as object).length > 0);
  return carries ? [{ path: '/binding/body', before: before ?? undefined, after: after ?? undefined }] : [];
}

function movedParts(path: string, was: object, is: object): readonly Moved[] {
  const [before, after] = [was as Record<string, Json>, is as Record<string, Json>];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const [left, right] = [own(before, key), own(after, key)];
    if (canonicalJson(left ?? null) === canonicalJson(right ?? null)) return [];
    return [
      { path: `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, before: left, after: right },
    ];
  });
}

const own = (map: Record<string, Json>, name: string): Json | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;
