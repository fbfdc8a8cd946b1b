import type { ConnectionKind, ConnectionMetadata } from './connection.ts';

const hour = 3_600_000;

/** Whether a connection's tools are read again by themselves: those of a server, and of a document with an address. */
export const isSynced = (connection: { kind: ConnectionKind; metadata?: ConnectionMetadata }): boolean =>
  connection.kind === 'mcp' ||
  connection.kind === 'stdio' ||
  (connection.kind === 'openapi' && connection.metadata?.document_url !== undefined);

/** When it is next read again: about an hour from now, spread out so that no service is asked by all at once. */
export const syncDueAt = (now: Date): Date => new Date(now.getTime() + hour * (0.9 + Math.random() * 0.2));
