export { createVault } from './create-vault.ts';
export {
  credentialOf,
  findCredentials,
  markCredential,
  putCredential,
  removeCredentials,
  renewCredential,
  type Credential,
  type CredentialFacts,
  type Identity,
  type Owner,
  type OwnerType,
} from './credentials.ts';
export * from './detach-credentials.ts';
export { endGrants, repointGrants, repointMethod, type GrantClient } from './grants-store.ts';
export * from './installation.ts';
export { masterKeyFromFile, masterKeysOf, wrapperOf, type MasterKeys } from './master-key.ts';
export { readMasterKeySource, type MasterKeySource } from './master-key-source.ts';
export { assertMasterKeys, openMasterKeys } from './open-master-keys.ts';
export { dropUnusedKeys, type KeyUse } from './drop-unused-keys.ts';
export { rotateKeys, type Rotated, type RotationStep } from './rotate-keys.ts';
export { Plaintext } from './plaintext.ts';
export * from './types.ts';
export * from './vault-secrets.ts';
export { connectionsReferringTo, vaultSecretNames } from './vault-secrets-store.ts';
export * from './due-store.ts';
export type { CredentialStatus } from './store.ts';
