import type { Socket } from 'node:net';

export type OwnHosts = {
  publicUrl: URL;
  /** TOOLCRIB_ALLOWED_HOSTS: names, with or without a port; one without a port matches any. */
  allowedHosts: readonly string[];
};

const hostForm = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/;
const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);
const usualPort: Record<string, string> = { 'http:': '80', 'https:': '443' };

/**
 * Whether a Host header names us: the public address, the address the socket came in at, a loopback name
 * with our port, or an allowed host. A page of somebody else's domain that was made to resolve to us
 * (DNS rebinding) names none of these. Answers `unreadable` for what is no host at all.
 */
export function admitHost(
  header: string | undefined,
  socket: Pick<Socket, 'localAddress' | 'localPort'>,
  own: OwnHosts,
): 'ours' | 'foreign' | 'unreadable' {
  const match = hostForm.exec(header?.toLowerCase() ?? '');
  if (!match) return 'unreadable';
  const name = match[1]!.replace(/\.$/, '');
  const port = match[2] ?? null;
  const publicPort = own.publicUrl.port || usualPort[own.publicUrl.protocol];
  if (name === own.publicUrl.hostname && (port ?? usualPort[own.publicUrl.protocol]) === publicPort)
    return 'ours';
  const localPort = String(socket.localPort ?? '');
  const isLocalPort = port === localPort || (port === null && localPort === '80');
  if (isLocalPort && (loopbackNames.has(name) || name === addressName(socket.localAddress))) return 'ours';
  for (const allowed of own.allowedHosts) {
    const [, allowedName, allowedPort] = hostForm.exec(allowed.trim().toLowerCase()) ?? [];
    if (allowedName === name && (allowedPort === undefined || allowedPort === port)) return 'ours';
  }
  return 'foreign';
}

/** A socket's address as a Host header would write it. */
function addressName(address: string | undefined): string | null {
  if (!address) return null;
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
}
