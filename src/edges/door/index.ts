export { clientAddressReader } from './client-address.ts';
export { createDoor, presentedKeys, type DoorOptions } from './create-door.ts';
export type { Door, Entered } from './types.ts';
