import type { Fault } from '../kernel/index.ts';
import type { Json } from '../kernel/index.ts';
import type { MissingCredential } from './compiled-tool.ts';
import type { ToolResult } from './types.ts';

/** A result that tells the model, in a sentence of ours, why its call did not run or did not succeed. */
export function sentence(message: string, structured?: { readonly [key: string]: Json }): ToolResult {
  return {
    content: [{ type: 'text', text: structured ? JSON.stringify(structured) : message }],
    ...(structured ? { structuredContent: structured } : {}),
    isError: true,
  };
}

/** A call that needs a credential nobody has given yet, with the page where its user can give it. */
export function reauthRequired(
  reason: MissingCredential['reason'],
  connection: string,
  more: { hasLapsed?: boolean; missing?: readonly string[] | undefined; link?: string } = {},
): ToolResult {
  const { link } = more;
  const message = whyMissing(reason, connection, more);
  return sentence(message, {
    error: reason,
    error_reason: reason,
    message,
    ...(link === undefined ? {} : { magic_link_url: link }),
  });
}

function whyMissing(
  reason: MissingCredential['reason'],
  connection: string,
  {
    hasLapsed,
    missing,
    link,
  }: { hasLapsed?: boolean; missing?: readonly string[] | undefined; link?: string },
): string {
  if (reason === 'invalid_company_for_shared_scope') {
    return `${connection} is shared by company, and this user belongs to none.`;
  }
  const state = missing
    ? `${connection} asks for more than this account was granted: ${missing.join(' ')}.`
    : hasLapsed
      ? `The sign-in to ${connection} has run out or was revoked.`
      : `${connection} is not connected for this caller.`;
  const remedy =
    link !== undefined
      ? 'Give the user magic_link_url to open in a browser, then call again.'
      : missing
        ? 'Ask the administrator to connect it again, which asks for that too.'
        : 'Ask the administrator to set its credential.';
  return `${state} ${remedy}`;
}

/** What `authenticate_<slug>` answers. */
export function signInLink(connection: string, link: { url: string; expiresAt: Date }): ToolResult {
  const structured = {
    magic_link_url: link.url,
    expires_at: link.expiresAt.toISOString(),
    message: `Give the user magic_link_url to open in a browser: it connects ${connection}. It works once.`,
  };
  return {
    content: [{ type: 'text', text: JSON.stringify(structured) }],
    structuredContent: structured,
    isError: false,
  };
}

/** What an agent is told when no answer came from the service. */
export function upstreamResult(fault: Fault): ToolResult {
  return sentence(fault.message);
}
