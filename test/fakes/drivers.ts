import type { AuthMethod, Binding } from '../../src/connectors/index.ts';
import { createDrivers } from '../../src/drivers/index.ts';
import type { CredentialRef, DriverOptions, Drivers, Invocation, Target } from '../../src/drivers/index.ts';
import { createEgress } from '../../src/egress/index.ts';
import type { Egress } from '../../src/egress/index.ts';
import { Fault } from '../../src/kernel/index.ts';
import type { Unsealer } from '../../src/vault/index.ts';

/** A vault's opening half over plain maps: credential id to fields, secret id to text. */
export function openVault(
  credentials: Readonly<Record<string, Record<string, string>>>,
  secrets: Readonly<Record<string, string>> = {},
): Unsealer {
  const open = <Value>(value: Value | undefined): Promise<Value> =>
    value === undefined
      ? Promise.reject(new Fault('upstream', 'Unreadable.', { code: 'credential_unreadable' }))
      : Promise.resolve(value);
  return {
    openCredential: (_organizationId, id) => open(credentials[id]),
    openSecret: (_organizationId, id) => open(secrets[id]),
  };
}

/** Real drivers over a real egress that admits 127.0.0.1. */
export function loopbackDrivers(options: Partial<DriverOptions> = {}): {
  drivers: Drivers;
  egress: Egress;
  close(this: void): Promise<void>;
} {
  const egress = createEgress({ allow: ['127.0.0.1'], ownPort: null });
  const drivers = createDrivers({ egress, unsealer: openVault({}), ...options });
  return {
    drivers,
    egress,
    async close() {
      await drivers.close();
      await egress.close();
    },
  };
}

export function targetOf(address: string, kind: Target['kind'] = 'mcp', more: Partial<Target> = {}): Target {
  return {
    organizationId: 'o1',
    connectionId: 'c1',
    kind,
    address,
    sealedSecretId: null,
    localOrigin: null,
    ...more,
  };
}

export function credentialOf(origin: string, method: AuthMethod, credentialId = 'k1'): CredentialRef {
  return {
    organizationId: 'o1',
    credentialId,
    origin: new URL(origin).origin,
    method,
    version: 1,
    expiresAt: null,
    isRefreshable: false,
  };
}

export function invocationOf(target: Target, binding: Binding, more: Partial<Invocation> = {}): Invocation {
  return {
    target,
    credential: null,
    binding,
    arguments: {},
    signal: AbortSignal.timeout(20_000),
    maxBytes: 1024 * 1024,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    idempotent: false,
    ...more,
  };
}
