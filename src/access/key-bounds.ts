import { Fault } from '../kernel/index.ts';
import { holdsScope, type Principal, type Scope } from './principal.ts';

/** What a new key is asked to be allowed. Undefined, null and `[]` lift nothing: the maker's bound is inherited. */
export type KeyWish = {
  scopes?: readonly Scope[] | null;
  packIds?: readonly string[] | null;
  userIds?: readonly string[] | null;
  workspaceIds?: readonly string[] | null;
  /** Undefined: 90 days, or the maker's own expiry if that is sooner; null: never, or the maker's own. */
  expiresAt?: Date | null;
  rateLimit?: { perMinute?: number | null; perHour?: number | null } | null;
};

export type KeyBounds = {
  scopes: Scope[];
  packIds: string[] | null;
  userIds: string[] | null;
  workspaceIds: string[] | null;
  expiresAt: Date | null;
  ratePerMinute: number | null;
  ratePerHour: number | null;
};

/** Management requests of a key that says nothing of its own; calls have limits of their own. */
export const usualRate = { perMinute: 1000, perHour: 10_000 } as const;

const wider = (what: string): Fault =>
  new Fault('forbidden', `A key cannot be given more than the key that makes it has: ${what}.`, {
    code: 'wider_than_parent',
  });

const ninetyDays = 90 * 24 * 3600 * 1000;

/** The bounds of a key made with `maker`: never wider in any dimension, and never narrowed in silence. */
export function boundsWithin(maker: Principal, wish: KeyWish, now: Date): KeyBounds {
  const asked = wish.scopes?.length ? wish.scopes : [...maker.scopes];
  for (const scope of asked) {
    if (!holdsScope(maker, scope)) throw wider(`scope ${scope}`);
  }
  return {
    scopes: [...new Set(asked)],
    packIds: subset(maker.packIds, wish.packIds, 'packs'),
    userIds: subset(maker.userIds, wish.userIds, 'registered users'),
    workspaceIds: subset(maker.workspaceIds, wish.workspaceIds, 'workspaces'),
    expiresAt: expiryWithin(maker.expiresAt, wish.expiresAt, now),
    ratePerMinute: rateWithin('perMinute', maker, wish.rateLimit?.perMinute),
    ratePerHour: rateWithin('perHour', maker, wish.rateLimit?.perHour),
  };
}

function subset(
  bound: readonly string[] | null,
  wish: readonly string[] | null | undefined,
  what: string,
): string[] | null {
  if (!wish?.length) return bound && [...bound];
  if (bound && wish.some((id) => !bound.includes(id))) throw wider(what);
  return [...new Set(wish)];
}

function expiryWithin(bound: Date | null, wish: Date | null | undefined, now: Date): Date | null {
  if (wish === undefined) {
    const usual = new Date(now.getTime() + ninetyDays);
    return bound && bound < usual ? bound : usual;
  }
  if (wish === null) return bound;
  if (bound && wish > bound) throw wider('expiry');
  return wish;
}

/** A maker without a limit of its own has the usual one, and hands out no more than that. */
function rateWithin(
  span: 'perMinute' | 'perHour',
  { rateLimit }: Principal,
  wish: number | null | undefined,
): number | null {
  if (wish === undefined || wish === null) return rateLimit[span];
  if (wish > (rateLimit[span] ?? usualRate[span])) throw wider('rate limit');
  return wish;
}

/** Throws unless `maker` could have made a key with these bounds: regenerating one hands it out. */
export function assertWithin(maker: Principal, bounds: KeyBounds): void {
  assertReach(maker, bounds);
  if (maker.expiresAt && (bounds.expiresAt === null || bounds.expiresAt > maker.expiresAt))
    throw wider('expiry');
  rateWithin('perMinute', maker, bounds.ratePerMinute ?? usualRate.perMinute);
  rateWithin('perHour', maker, bounds.ratePerHour ?? usualRate.perHour);
}

/** Throws unless what a key may do and touch is within the maker's: enough to end it. */
export function assertReach(
  maker: Principal,
  bounds: Pick<KeyBounds, 'scopes' | 'packIds' | 'userIds' | 'workspaceIds'>,
): void {
  for (const scope of bounds.scopes) if (!holdsScope(maker, scope)) throw wider(`scope ${scope}`);
  const pairs = [
    [maker.packIds, bounds.packIds, 'packs'],
    [maker.userIds, bounds.userIds, 'registered users'],
    [maker.workspaceIds, bounds.workspaceIds, 'workspaces'],
  ] as const;
  for (const [bound, own, what] of pairs) {
    if (bound && (own === null || own.some((id) => !bound.includes(id)))) throw wider(what);
  }
}
