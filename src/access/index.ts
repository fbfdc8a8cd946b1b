export { makeAgentKey, nameAgentKey, removeAgentKey } from './agent-key.ts';
export * from './assert-live-key.ts';
export * from './authenticate.ts';
export * from './change.ts';
export * from './create-key.ts';
export * from './key.ts';
export { usualRate, type KeyWish } from './key-bounds.ts';
export { newKeyText } from './key-text.ts';
export * from './keys.ts';
export * from './organizations.ts';
export * from './enter-workspace.ts';
export * from './enter-organization.ts';
export * from './principal.ts';
export * from './read-journal.ts';
export {
  findCompany,
  findOrganization,
  findUser,
  isMadeBy,
  listOrganizations as organizationRows,
} from './store.ts';
export * from './users.ts';
export { operatorPrincipal } from './operator.ts';
export { revokeAdminKeys } from './store.ts';
export { listOtherKeys, revokeOtherKeys } from './revoke-other-keys.ts';
