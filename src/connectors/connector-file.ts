import type { Json, JsonSchema } from '../kernel/index.ts';
import type { Definition } from './definition.ts';

/** Where a service that answers tokens in its own way has them: dotted paths into the answer. */
export type TokenPaths = {
  access_token?: string;
  refresh_token?: string;
  expires_in?: string;
  scope?: string;
};

/** What a service calls the fields of a sign-in method, for the person who types them: `token`, `username`… */
export type FieldWords = Readonly<Record<string, { label: string; description?: string }>>;

/** One sign-in method of a connector. Methods are listed in order of effort for the person connecting. */
export type AuthMethod =
  | { type: 'none' }
  | { type: 'bearer'; fields?: FieldWords; source?: string }
  | {
      type: 'api_key';
      in: 'header' | 'query' | 'cookie';
      name: string;
      prefix?: string;
      fields?: FieldWords;
      source?: string;
    }
  | { type: 'basic'; fields?: FieldWords; source?: string }
  | {
      type: 'oauth2';
      authorization_url: string;
      token_url: string;
      scopes: readonly string[];
      /** Scopes in plain words, for the person who is asked. */
      scope_meanings?: Readonly<Record<string, string>>;
      pkce: boolean;
      client_auth: 'client_secret_basic' | 'client_secret_post' | 'none';
      rotation: boolean;
      margin_seconds: number;
      revocation_url?: string;
      /** What parts scopes in the authorization request: a space, as in RFC 6749, or a comma. */
      scope_separator?: ' ' | ',';
      /** Who the service says it is in its answers (RFC 9207), where it says it. */
      issuer?: string;
      /** Further parameters of the authorization request that the service asks for. */
      authorization_params?: Readonly<Record<string, string>>;
      token_paths?: TokenPaths;
      token_format?: 'form' | 'json';
      token_headers?: Readonly<Record<string, string>>;
      source?: string;
    }
  | {
      type: 'oauth2_client_credentials';
      token_url: string;
      scopes: readonly string[];
      client_auth?: 'client_secret_basic' | 'client_secret_post';
      margin_seconds?: number;
      /** Further parameters of the token request, such as an audience. */
      token_params?: Readonly<Record<string, string>>;
      token_paths?: TokenPaths;
      token_format?: 'form' | 'json';
      token_headers?: Readonly<Record<string, string>>;
      source?: string;
    }
  /** `scopes`: asked for instead of those the server names. */
  | { type: 'mcp_oauth'; scopes?: readonly string[]; source?: string };

/** A typed, non-secret configuration field of a connector. */
export type ConfigField = {
  name: string;
  display_name: string;
  type: 'string' | 'number' | 'integer' | 'boolean' | 'select' | 'multiselect' | 'json' | 'url';
  required: boolean;
  default?: unknown;
  description?: string;
  placeholder?: string;
  options?: readonly { label: string; value: string }[];
  validation?: { pattern?: string; min?: number; max?: number; min_length?: number; max_length?: number };
  widget?: 'text' | 'textarea' | 'number' | 'toggle' | 'select' | 'code' | 'url';
  /** What the widget is told besides, such as `rows` or `language`: for forms, never read here. */
  widget_options?: Readonly<Record<string, string | number | boolean>>;
};

/**
 * What became of names and values between one version and the next, in this order: tools, then their input fields,
 * then values. So the later two name tools as they are called after `rename_tools` of the same step, and `map_values`
 * names fields as they are called after `rename_inputs`.
 */
export type Migration = {
  from: number;
  to: number;
  rename_tools?: Readonly<Record<string, string>>;
  rename_inputs?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By tool and field: old value, as text, to new. */
  map_values?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Json>>>>>>;
};

/**
 * A catalog entry as data: `connectors/<slug>/connector.yaml`, an imported OpenAPI document, or an MCP
 * server's address. Checked by docs/connector.schema.json; immutable once released under its version.
 */
export type ConnectorFile = {
  slug: string;
  version: number;
  /** Connections below it are served, and said to be deprecated. */
  minimum_version?: number;
  name: string;
  description: string;
  categories: readonly string[];
  /** The service's own site. */
  source_url: string | null;
  logo_url: string | null;
  changelog: string;
  kind: 'http' | 'mcp';
  /** Base address; `{name}` is filled from `config`. For kind mcp the server's address. */
  base_url: string;
  config: readonly ConfigField[];
  auth: readonly AuthMethod[];
  /** Further hosts its requests may reach besides the base address's. */
  egress: readonly string[];
  /**
   * Tool that answers "who am I": used for test, label and the match on reconnect. `label` and `id` are paths into
   * its reply; the label is the id where no id is named.
   */
  identity: { tool: string; label: string; id?: string } | null;
  limits: { per_minute?: number } | null;
  /** For kind mcp the tools come from the server; here lies only what is said about them. */
  tools: readonly Definition[];
  migrations: readonly Migration[];
};

/** What an import says of an operation it could not turn into a tool. */
export type LeftOut = { operation: string; reason: string };
/** `tool` is null for what concerns the document as a whole. */
export type ImportWarning = { tool: string | null; warning: string };

/** The result of reading an OpenAPI document. */
export type ImportedDocument = {
  title: string;
  description: string;
  /** Absolute base address, or null where the document has only relative servers and no address was given. */
  baseUrl: string | null;
  auth: readonly AuthMethod[];
  tools: readonly Definition[];
  leftOut: readonly LeftOut[];
  warnings: readonly ImportWarning[];
};

/** Which operations of a document become tools: any of the listed; all when nothing is listed. */
export type Selection = {
  tags?: readonly string[];
  paths?: readonly string[];
  operations?: readonly string[];
};

export type { JsonSchema };
