import type { Generated } from 'kysely';
import type { KeyKind } from './key-text.ts';
import type { Scope } from './principal.ts';

export type AccessTables = {
  organizations: {
    organization_id: string;
    slug: string;
    name: string;
    callback_urls: unknown;
    is_operator: boolean;
    created_at: Date;
  };
  workspaces: { organization_id: string; workspace_id: string; slug: string; name: string; created_at: Date };
  companies: {
    organization_id: string;
    company_id: string;
    origin_company_id: string;
    origin_company_name: string | null;
    created_at: Date;
  };
  registered_users: {
    organization_id: string;
    user_id: string;
    origin_user_id: string;
    origin_user_name: string;
    user_type: 'HUMAN' | 'SYSTEM';
    company_id: string | null;
    custom_groupings: unknown;
    is_test: boolean;
    created_at: Date;
    updated_at: Date;
  };
  keys: {
    organization_id: string;
    key_id: string;
    kind: KeyKind;
    name: string;
    hash: Buffer;
    hint: string;
    scopes: Scope[];
    pack_ids: string[] | null;
    user_ids: string[] | null;
    workspace_ids: string[] | null;
    parent_id: string | null;
    /** Keys that have given it a new text. */
    regenerated_by: Generated<string[]>;
    rate_per_minute: number | null;
    rate_per_hour: number | null;
    is_test: boolean;
    expires_at: Date | null;
    revoked_at: Date | null;
    created_at: Date;
  };
};
