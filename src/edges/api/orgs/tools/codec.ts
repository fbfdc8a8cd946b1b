import type { z } from '@hono/zod-openapi';
import { credentialFieldNames } from '../../../../connections/index.ts';
import {
  widgetOf,
  type AuthMethod,
  type CatalogEntry,
  type ConfigField,
} from '../../../../connectors/index.ts';
import type { catalogToolSchema, configFieldSchema } from './schema.ts';

type CatalogTool = z.input<typeof catalogToolSchema>;

/** One of a list: without its actions, of which an imported document may have a thousand. */
export function writeTool({ id, file, releases, isOwn }: CatalogEntry): CatalogTool {
  return {
    tool_id: id,
    slug: file.slug,
    name: file.name,
    description: file.description,
    category: file.categories[0] ?? null,
    categories: [...file.categories],
    icon_url: file.logo_url,
    source_url: file.source_url,
    kind: file.kind,
    is_own: isOwn,
    latest_version: file.version,
    versions: releases.map(({ version, changelog }) => ({ version, changelog })),
    config_schema: file.config.map(writeConfigField),
    credential_schema: file.auth.map(writeMethod),
    actions_count: file.tools.length,
  };
}

export function writeWholeTool(entry: CatalogEntry): CatalogTool {
  const actions = entry.file.tools.map(({ name, title, description, effect }) => ({
    name,
    display_name: title ?? name,
    description,
    effect,
  }));
  return { ...writeTool(entry), actions };
}

export const writeConfigField = (field: ConfigField): z.input<typeof configFieldSchema> => ({
  name: field.name,
  display_name: field.display_name,
  type: field.type,
  required: field.required,
  default: field.default ?? null,
  description: field.description ?? null,
  placeholder: field.placeholder ?? null,
  options: (field.options ?? []).map(({ label, value }) => ({ label, value })),
  validation: { ...field.validation },
  widget: widgetOf(field),
  widget_options: { ...field.widget_options },
});

/** Typed and kept, had by consent, or nothing. */
export function writeMode(type: AuthMethod['type']): 'vault' | 'connection' | 'none' {
  switch (type) {
    case 'none':
      return 'none';
    case 'bearer':
    case 'api_key':
    case 'basic':
      return 'vault';
    case 'oauth2':
    case 'oauth2_client_credentials':
    case 'mcp_oauth':
      return 'connection';
  }
}

function writeMethod(method: AuthMethod): CatalogTool['credential_schema'][number] {
  const mode = writeMode(method.type);
  const fields = mode === 'vault' ? credentialFieldNames(method) : [];
  const words = 'fields' in method ? method.fields : undefined;
  const scopes = 'scopes' in method ? (method.scopes ?? []) : [];
  const meanings = ('scope_meanings' in method ? method.scope_meanings : undefined) ?? {};
  return {
    auth_mode: mode,
    type: method.type,
    fields: fields.map((name) => ({
      name,
      label: words?.[name]?.label ?? usualLabels[name] ?? name,
      description: words?.[name]?.description ?? null,
    })),
    scopes: scopes.map((scope) => ({ scope, meaning: meanings[scope] ?? null })),
    source: ('source' in method ? method.source : undefined) ?? null,
  };
}

const usualLabels: Readonly<Record<string, string>> = {
  token: 'Token',
  api_key: 'API key',
  username: 'User name',
  password: 'Password',
};
