import type { JsonSchema } from '../kernel/index.ts';

/** What a call does to the service: only looks, changes something, or destroys something. */
export type Effect = 'read' | 'write' | 'destructive';

/**
 * What a service says about one of its tools. Written by sync or import, never by a person; what a person
 * says about it is the curation (tools/curation.ts).
 */
export type Definition = {
  /** The service's own name of it: an operation id, an MCP tool name. Shown as `tool_path`. */
  path: string;
  /** The legal, stable, unique-in-its-connection name agents use: `^[a-zA-Z0-9_-]{1,64}$`. */
  name: string;
  title: string | null;
  description: string | null;
  /** Always an object schema, JSON Schema 2020-12, self-contained: `$ref` only into its own `$defs`. */
  inputSchema: JsonSchema;
  /** The shape of a successful reply where the service declares it, else null. */
  outputSchema: JsonSchema | null;
  effect: Effect;
  /** The connector author's word on whether a call asks a person first. */
  confirm: boolean;
  /** Whether sending it twice does no harm: such a call may be retried. */
  idempotent: boolean;
  binding: Binding;
  /** Why this tool cannot be served, if it cannot: an invalid schema is put aside alone. */
  quarantine: string | null;
  /** What stood out in its words as they came in and is gone from them: `invisible_characters`. */
  flags?: readonly 'invisible_characters'[];
};

/** How the call travels. */
export type Binding = McpBinding | HttpBinding;

export type McpBinding = {
  kind: 'mcp';
  /** The tool's name at the MCP server. */
  tool: string;
  /** JSON pointer into the arguments to the header that value is mirrored in (`x-mcp-header`), where the server asks for that. */
  headers?: Readonly<Record<string, string>>;
};

export type HttpBinding = {
  kind: 'http';
  method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH' | 'HEAD' | 'OPTIONS' | 'TRACE';
  /** Path template below the base address: `/tickets/{ticket_id}`. */
  path: string;
  /** A base address of this operation's own, where the document gives one (`servers` at path or operation). */
  server: string | null;
  parameters: readonly HttpParameter[];
  body: HttpBody | null;
  /** Headers every call carries, such as the service's API version: names in small letters, no credential. */
  fixedHeaders?: Readonly<Record<string, string>>;
};

/** OpenAPI's parameter, with the input field that feeds it. */
export type HttpParameter = {
  /** The field of the tool's input. */
  field: string;
  /** The name on the wire. */
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  style: 'simple' | 'label' | 'matrix' | 'form' | 'spaceDelimited' | 'pipeDelimited' | 'deepObject';
  explode: boolean;
  allowReserved: boolean;
  /** `content` instead of `schema`: the value is serialized whole as this media type. */
  contentType: string | null;
};

export type HttpBody = {
  contentType: string;
  /** Members of an object body lie flat in the input: input field to member name. */
  members: Readonly<Record<string, string>> | null;
  /** A body that is not an object (or has no declared members) is one input field. */
  whole: string | null;
  /** form and multipart: how one member is written, by member name. */
  encoding: Readonly<
    Record<
      string,
      {
        contentType: string | null;
        style: 'form' | 'spaceDelimited' | 'pipeDelimited' | 'deepObject';
        explode: boolean;
        binary: boolean;
      }
    >
  >;
};
