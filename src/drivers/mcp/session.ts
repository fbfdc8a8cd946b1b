import type { Egress } from '../../egress/index.ts';
import type { Unsealer } from '../../vault/index.ts';
import type { CredentialRef, ListChanged, Target } from '../types.ts';

/** What an upstream was found to speak. Stateless in the modern era; of one session, perhaps, in the older. */
export type Session = {
  era: 'modern' | 'legacy';
  version: string;
  sessionId: string | null;
  server: { name: string; version: string } | null;
  instructions: string | null;
};

/** One upstream seen through one credential. */
export type Channel = {
  egress: Egress;
  unsealer: Unsealer;
  target: Target;
  credential: CredentialRef | null;
  /** Told when the server says, beside the answer, that its tools have changed; a listing itself does not listen. */
  onListChanged?: (changed: ListChanged) => void;
};

/** The first revision whose requests name it in a header. */
const firstNamed = '2025-06-18';

/** Headers that every message of a session carries. */
export function sessionHeaders(session: Session): Record<string, string> {
  const headers: Record<string, string> = {};
  if (session.version >= firstNamed) headers['mcp-protocol-version'] = session.version;
  if (session.sessionId !== null) headers['mcp-session-id'] = session.sessionId;
  return headers;
}
