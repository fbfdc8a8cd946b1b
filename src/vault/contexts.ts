/** Where a sealed value belongs: authenticated with it, so that it opens nowhere else. */
export type FieldPlace = {
  credentialId: string;
  connectionId: string;
  owner: { type: string; id: string };
  origin: string;
  field: string;
};

export const organizationKeyContext = (organizationId: string, version: number): string =>
  `organization-key:${organizationId}:${version}`;

export const masterKeyContext = (masterKeyId: string): string => `master-key:${masterKeyId}`;

/**
 * A credential's field is bound to all that says what it may be used for: who can write into the database still cannot
 * have one user's token sent for another, as another field, or to another origin. A list, because no value can end it.
 */
export function secretContexts(
  organizationId: string,
  secretId: string,
  place: FieldPlace | null,
): readonly [string, string] {
  const sealed =
    place === null
      ? `value:${organizationId}:${secretId}`
      : JSON.stringify([
          'credential',
          organizationId,
          secretId,
          place.credentialId,
          place.connectionId,
          place.owner.type,
          place.owner.id,
          place.origin,
          place.field,
        ]);
  // The second is what values were sealed with before fields were bound: they open, and a rotation binds them.
  return [sealed, `secret:${organizationId}:${secretId}`];
}
