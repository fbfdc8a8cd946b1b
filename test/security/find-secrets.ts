import { randomBytes } from 'node:crypto';

export const secretNames = [
  'bearer', 'apiKey', 'username', 'password', 'mcpBearer', 'mcpHeader', 'mcpApiKey', 'queryValue', 'documentQuery',
  'pin', 'packPin', 'default', 'userToken', 'companyToken', 'catalog', 'compatibleBearer', 'compatibleHeader', 'webhookQuery', 'refused', 'replaced',
  'reconnected', 'appSecret', 'clientSecret', 'mcpClientSecret', 'vaulted', 'vaultedClientSecret', 'kept', 'instancePin', 'instanceDefault', 'instanceQuery', 'argument', 'secretArgument', 'tried',
] as const; // prettier-ignore
export type SecretName = (typeof secretNames)[number];

/** Letters and digits alone, so that no encoding hides one, and long enough to be found by any part. */
export const plant = (): Record<SecretName, string> =>
  Object.fromEntries(
    secretNames.map((name) => [name, `zq${name}${randomBytes(9).toString('hex')}`]),
  ) as Record<SecretName, string>;

/** Every spelling a secret might have been written in. Base64 in its three alignments, without the edges. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(shift === 0 ? 0 : 4, -2);
  });
  return [
    secret,
    ...shifted,
    ...shifted.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  ];
}

export function findIn(haystack: Buffer | string, secrets: Readonly<Record<string, string>>): string[] {
  const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
  return Object.entries(secrets).flatMap(([name, secret]) =>
    formsOf(secret).some((form) => bytes.includes(form)) ? [name] : [],
  );
}
