import type { AuthMethod } from './connector-file.ts';
import type { OpenapiDocument, RawObject } from './read-document.ts';
import { readAddress } from './read-servers.ts';
import { BrokenOperation, follow, isRaw, member, show } from './resolve-reference.ts';

export type ReadSecurity = {
  auth: readonly AuthMethod[];
  /** `place:name` of parameters the credential fills; header names in small letters. */
  secrets: ReadonlySet<string>;
  notes: readonly string[];
};

const httpMethods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/**
 * The document's security schemes as sign-in methods, the least work for a person first: those its operations
 * ask for, or all declared ones where nothing asks. No scheme at all is `none`.
 */
export function readSecurity(document: OpenapiDocument, documentUrl: string | null): ReadSecurity {
  const { root, dialect } = document;
  const declared =
    dialect === 'swagger2' ? root['securityDefinitions'] : member(root['components'], 'securitySchemes');
  const schemes = isRaw(declared) ? declared : {};
  const asked = askedFor(root);
  const found: AuthMethod[] = [];
  const notes: string[] = [];
  const secrets = new Set<string>();
  for (const [name, raw] of Object.entries(schemes)) {
    try {
      const scheme = follow(root, raw, 'A security scheme');
      if (scheme['type'] === 'apiKey') secrets.add(secretOf(scheme));
      if (asked.names.size > 0 && !asked.names.has(name)) continue;
      const methods = readScheme(scheme, documentUrl);
      found.push(...methods);
      if (methods.length === 0)
        notes.push(`The sign-in method ${show(name)} is not supported and was left out.`);
    } catch (error) {
      if (!(error instanceof BrokenOperation)) throw error;
      notes.push(`The sign-in method ${show(name)} is broken and was left out.`);
    }
  }
  if (asked.needsSeveral) notes.push('Some operations ask for several sign-in methods at once; one is sent.');
  return { auth: ordered(found), secrets, notes };
}

function askedFor(root: RawObject): { names: ReadonlySet<string>; needsSeveral: boolean } {
  const names = new Set<string>();
  let needsSeveral = false;
  const add = (security: unknown) => {
    for (const requirement of Array.isArray(security) ? security : []) {
      if (!isRaw(requirement)) continue;
      const keys = Object.keys(requirement);
      if (keys.length > 1) needsSeveral = true;
      for (const key of keys) names.add(key);
    }
  };
  add(root['security']);
  for (const item of Object.values(isRaw(root['paths']) ? root['paths'] : {})) {
    for (const method of httpMethods) add(member(member(item, method), 'security'));
  }
  return { names, needsSeveral };
}

const secretOf = (scheme: RawObject): string => {
  const name = String(scheme['name']);
  return `${String(scheme['in'])}:${scheme['in'] === 'header' ? name.toLowerCase() : name}`;
};

function readScheme(scheme: RawObject, documentUrl: string | null): readonly AuthMethod[] {
  const kind = scheme['type'];
  if (kind === 'basic') return [{ type: 'basic' }];
  if (kind === 'http') {
    const name = String(scheme['scheme']).toLowerCase();
    return name === 'bearer' ? [{ type: 'bearer' }] : name === 'basic' ? [{ type: 'basic' }] : [];
  }
  if (kind === 'apiKey') return readApiKey(scheme);
  if (kind !== 'oauth2') return [];
  // Swagger 2.0 has one flow, in the scheme itself.
  if (typeof scheme['flow'] === 'string') return readFlow(scheme['flow'], scheme, documentUrl);
  const flows = isRaw(scheme['flows']) ? Object.entries(scheme['flows']) : [];
  return flows.flatMap(([flow, raw]) => (isRaw(raw) ? readFlow(flow, raw, documentUrl) : []));
}

function readApiKey(scheme: RawObject): readonly AuthMethod[] {
  const { name } = scheme;
  const place = scheme['in'];
  if (place !== 'header' && place !== 'query' && place !== 'cookie') return [];
  if (typeof name !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Za-z[\]-]{1,100}$/.test(name)) return [];
  return [{ type: 'api_key', in: place, name }];
}

function readFlow(flow: string, raw: RawObject, documentUrl: string | null): readonly AuthMethod[] {
  const token = address(raw['tokenUrl'], documentUrl);
  if (token === null) return [];
  const scopes = Object.keys(isRaw(raw['scopes']) ? raw['scopes'] : {});
  if (flow === 'clientCredentials' || flow === 'application') {
    return [{ type: 'oauth2_client_credentials', token_url: token, scopes }];
  }
  const authorization = address(raw['authorizationUrl'], documentUrl);
  if ((flow !== 'authorizationCode' && flow !== 'accessCode') || authorization === null) return [];
  return [
    {
      type: 'oauth2',
      authorization_url: authorization,
      token_url: token,
      scopes,
      pkce: true,
      client_auth: 'client_secret_basic',
      rotation: typeof raw['refreshUrl'] === 'string',
      margin_seconds: 60,
    },
  ];
}

const address = (value: unknown, against: string | null): string | null =>
  typeof value === 'string' ? readAddress(value, against) : null;

const effort: readonly AuthMethod['type'][] = [
  'bearer',
  'api_key',
  'basic',
  'oauth2_client_credentials',
  'oauth2',
];

function ordered(found: readonly AuthMethod[]): readonly AuthMethod[] {
  if (found.length === 0) return [{ type: 'none' }];
  const distinct = new Map(found.map((method) => [JSON.stringify(method), method]));
  return [...distinct.values()].sort((a, b) => effort.indexOf(a.type) - effort.indexOf(b.type));
}
