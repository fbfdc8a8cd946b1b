import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isLoopbackHost, readAllowList } from '../egress/index.ts';
import { Fault } from '../kernel/index.ts';
import { readMasterKeySource, type MasterKeySource } from '../vault/index.ts';

/** Everything the environment says, read once. */
export type Config = {
  host: string;
  port: number;
  publicUrl: URL;
  allowedHosts: readonly string[];
  allowedOrigins: readonly string[];
  trustedProxies: readonly string[];
  dataDir: string;
  databaseUrl: string | null;
  masterKey: MasterKeySource | null;
  /** The one before, while keys are being rotated. */
  previousMasterKey: MasterKeySource | null;
  adminKey: string | null;
  egressAllow: readonly string[];
  metricsPort: number | null;
  sample: boolean;
  /** How many days calls' arguments are kept, sealed; 0: not at all. */
  keepArgumentsDays: number;
  logLevel: string;
  /** HOST on loopback and the embedded database: one person's machine. */
  isLaptop: boolean;
};

type Environment = Readonly<Record<string, string | undefined>>;

const wrong = (variable: string, what: string): Fault => new Fault('invalid', `${variable} ${what}`);

/** Reads the environment. Fault `invalid` in one sentence that names the variable. */
export function readConfig(env: Environment): Config {
  const host = env.HOST || '127.0.0.1';
  const port = readPort(env.PORT, 'PORT') ?? 7420;
  const onLoopback = isLoopbackHost(host);
  const databaseUrl = readDatabaseUrl(env.DATABASE_URL);
  const masterKey = readMasterKeySource(env, 'TOOLCRIB_MASTER_KEY');
  if (databaseUrl && !masterKey) {
    throw wrong(
      'TOOLCRIB_MASTER_KEY',
      'is required with DATABASE_URL. Make one with: openssl rand -base64 32',
    );
  }
  return {
    host,
    port,
    publicUrl: readPublicUrl(env.TOOLCRIB_PUBLIC_URL, host, port, onLoopback),
    allowedHosts: list(env.TOOLCRIB_ALLOWED_HOSTS).map((name) => readHost(name)),
    allowedOrigins: list(env.TOOLCRIB_ALLOWED_ORIGINS).map((origin) => readOrigin(origin)),
    trustedProxies: list(env.TOOLCRIB_TRUSTED_PROXIES),
    dataDir: resolve(env.TOOLCRIB_DATA_DIR || join(homedir(), '.toolcrib')),
    databaseUrl,
    masterKey,
    previousMasterKey: readMasterKeySource(env, 'TOOLCRIB_MASTER_KEY_PREVIOUS'),
    adminKey: readAdminKey(env.TOOLCRIB_ADMIN_KEY),
    egressAllow: readEgress(env.TOOLCRIB_EGRESS_ALLOW),
    metricsPort: readPort(env.TOOLCRIB_METRICS_PORT, 'TOOLCRIB_METRICS_PORT'),
    sample: readSwitch(env.TOOLCRIB_SAMPLE, 'TOOLCRIB_SAMPLE') ?? databaseUrl === null,
    keepArgumentsDays: readDays(env.TOOLCRIB_KEEP_ARGUMENTS_DAYS, 'TOOLCRIB_KEEP_ARGUMENTS_DAYS') ?? 7,
    logLevel: readLogLevel(env.LOG_LEVEL),
    isLaptop: onLoopback && databaseUrl === null,
  };
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function readPort(text: string | undefined, variable: string): number | null {
  if (!text) return null;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw wrong(variable, 'must be a port number from 0 to 65535.');
  return port;
}

function readPublicUrl(text: string | undefined, host: string, port: number, onLoopback: boolean): URL {
  if (!text) {
    if (!onLoopback) {
      throw wrong(
        'TOOLCRIB_PUBLIC_URL',
        'is required when HOST is not a loopback address: the origin people and agents reach this server at.',
      );
    }
    return new URL(`http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`);
  }
  const url = URL.parse(text);
  const plain = url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
  if (!plain || !['http:', 'https:'].includes(url.protocol)) {
    throw wrong(
      'TOOLCRIB_PUBLIC_URL',
      'must be an http or https origin without a path, such as https://tools.example.com.',
    );
  }
  return url;
}

function readDatabaseUrl(text: string | undefined): string | null {
  if (!text) return null;
  const url = URL.parse(text);
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw wrong('DATABASE_URL', 'must be a postgres:// address.');
  }
  return text;
}

function readHost(name: string): string {
  if (!/^[a-z0-9.[\]:-]+$/i.test(name))
    throw wrong('TOOLCRIB_ALLOWED_HOSTS', 'must be host names, separated by commas.');
  return name.toLowerCase();
}

function readOrigin(text: string): string {
  const url = URL.parse(text);
  if (!url || url.origin !== text.replace(/\/$/, '')) {
    throw wrong(
      'TOOLCRIB_ALLOWED_ORIGINS',
      'must be origins such as https://app.example.com, separated by commas.',
    );
  }
  return url.origin;
}

const placeholder = /change.?me|example|placeholder|password|secret|your.?key|x{8,}|(.)\1{9,}|12345678/i;

function readAdminKey(text: string | undefined): string | null {
  if (!text) return null;
  if (text.length < 32 || !/^[\x21-\x7e]+$/.test(text)) {
    throw wrong('TOOLCRIB_ADMIN_KEY', 'must be at least 32 visible characters.');
  }
  if (placeholder.test(text) || new Set(text).size < 8) {
    throw wrong('TOOLCRIB_ADMIN_KEY', 'looks like a placeholder. Make one with: openssl rand -hex 24');
  }
  return text;
}

function readEgress(text: string | undefined): readonly string[] {
  const entries = list(text);
  try {
    readAllowList(entries);
  } catch {
    throw wrong(
      'TOOLCRIB_EGRESS_ALLOW',
      'must be hosts, host:port and CIDRs separated by commas, such as 127.0.0.1,10.0.0.0/8.',
    );
  }
  return entries;
}

function readSwitch(text: string | undefined, variable: string): boolean | null {
  if (!text) return null;
  if (text !== 'on' && text !== 'off') throw wrong(variable, 'must be on or off.');
  return text === 'on';
}

function readDays(text: string | undefined, variable: string): number | null {
  if (!text) return null;
  const days = Number(text);
  if (!/^\d+$/.test(text) || days > 90) throw wrong(variable, 'must be a number of days from 0 to 90.');
  return days;
}

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

function readLogLevel(text: string | undefined): string {
  if (!text) return 'info';
  if (!levels.includes(text)) throw wrong('LOG_LEVEL', `must be one of ${levels.join(', ')}.`);
  return text;
}
