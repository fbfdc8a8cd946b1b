import { bodyProblem, invalid, type JsonPath } from '../kernel/index.ts';
import type { AuthMethod } from '../connectors/index.ts';
import { Plaintext, type Credential } from '../vault/index.ts';

/** What a request gives to sign in with, by field; the values are sealed before anything else happens to them. */
export type CredentialFields = Readonly<Record<string, Plaintext>>;

/** The fields a sign-in method wants, in the order a person is asked for them. */
export function credentialFieldNames(method: AuthMethod): readonly string[] {
  switch (method.type) {
    case 'none':
      return [];
    case 'bearer':
      return ['token'];
    case 'api_key':
      return ['api_key'];
    case 'basic':
      return ['username', 'password'];
    case 'oauth2':
    case 'oauth2_client_credentials':
    case 'mcp_oauth':
      return ['access_token'];
  }
}

/** Fields that a credential's method wants and that it has not. */
export const missingIn = ({ method, fields }: Pick<Credential, 'method' | 'fields'>): readonly string[] =>
  credentialFieldNames(method as AuthMethod).filter((field) => !fields.includes(field));

/** A key or a password that a person types. */
export const isByHand = (method: AuthMethod): boolean =>
  method.type === 'bearer' || method.type === 'api_key' || method.type === 'basic';

/** The first method in the connector's order of effort that a key given by hand can serve. */
export function usualMethod(methods: readonly AuthMethod[]): AuthMethod {
  const byHand = methods.find((method) => isByHand(method) || method.type === 'none');
  return byHand ?? methods[0] ?? { type: 'none' };
}

/** Every problem at once: missing fields, fields the method does not have. */
export function checkCredentialFields(method: AuthMethod, fields: CredentialFields, path: JsonPath): void {
  checkFields(credentialFieldNames(method), fields, path);
}

/** The same for what the connect page asks for: tokens are had from the service, not typed. */
export function checkAskedFields(method: AuthMethod, fields: CredentialFields, path: JsonPath): void {
  checkFields(isByHand(method) ? credentialFieldNames(method) : [], fields, path);
}

function checkFields(wanted: readonly string[], fields: CredentialFields, path: JsonPath): void {
  const problems = [
    ...wanted
      .filter((name) => !Object.hasOwn(fields, name))
      .map((name) => bodyProblem('missing', [...path, name], 'Field required')),
    ...Object.keys(fields)
      .filter((name) => !wanted.includes(name))
      .map((name) => bodyProblem('extra_forbidden', [...path, name], 'Extra inputs are not permitted')),
  ];
  if (problems.length > 0) throw invalid(...problems);
}
