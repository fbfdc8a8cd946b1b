export { recordVersion, takeListing } from './take-listing.ts';
export { versionsOf, type ConnectionVersion } from './store.ts';
