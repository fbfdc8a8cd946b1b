import type { Caller } from '../access/index.ts';
import type { IssuedLink, LinkWish } from '../connections/index.ts';
import type { ConfigWatch } from '../journal/index.ts';
import type { Clock } from '../kernel/index.ts';

/** What the gateway needs of links; wired in main. */
export type LinkSource = {
  issue(caller: Caller, wish: LinkWish): Promise<IssuedLink>;
  /** Whether nobody has opened it yet. */
  isUnopened(organizationId: string, linkId: string): Promise<boolean>;
};

/** The account a person is asked to connect: at which connection, whose it will be, who was asked, and where. */
export type ConsentWish = Pick<LinkWish, 'connectionId' | 'owner' | 'userId' | 'packId' | 'authScope'>;
export type ConsentLink = { url: string; expiresAt: Date };
export type ConsentLinks = {
  linkFor(caller: Caller, wish: ConsentWish): Promise<ConsentLink>;
  close(): void;
};

/** An agent that tries again and again is told of the same link for so long, in ms. */
const toldAgainFor = 5 * 60_000;
const rememberAtMost = 10_000;

type Told = { organizationId: string; until: number; link: Promise<IssuedLink> };

/**
 * Links for calls that lack a credential. One for each key, user, connection and pack is told again for some minutes,
 * so that an agent that insists fills no table. Only this process remembers, because only a link's hash is kept. A
 * link that somebody has opened belongs to that browser and is not told again; any change of the organization makes
 * all of its links forgotten.
 */
export function createConsentLinks(deps: {
  clock: Clock;
  watch: ConfigWatch;
  links: LinkSource;
}): ConsentLinks {
  const told = new Map<string, Told>();
  const unsubscribe = deps.watch.onChange((changed) => {
    for (const [name, { organizationId }] of told) if (organizationId === changed) told.delete(name);
  });

  const issue = (name: string, caller: Caller, wish: ConsentWish): Promise<IssuedLink> => {
    const { organizationId } = caller.principal;
    const until = deps.clock.now().getTime() + toldAgainFor;
    const link = deps.links.issue(caller, { ...wish, callbackUrl: null, state: null });
    const entry = { organizationId, until, link };
    if (told.size >= rememberAtMost) told.delete(told.keys().next().value ?? '');
    told.set(name, entry);
    link.catch(() => {
      if (told.get(name) === entry) told.delete(name);
    });
    return link;
  };

  return {
    async linkFor(caller, wish) {
      const { id, organizationId } = caller.principal;
      const { connectionId, owner, userId, packId, authScope } = wish;
      const name = [id, userId, connectionId, packId, authScope, owner.type, owner.id].join(' ');
      const known = told.get(name);
      if (!known || known.until <= deps.clock.now().getTime()) return issue(name, caller, wish);
      const link = await known.link;
      if (await deps.links.isUnopened(organizationId, link.linkId)) return link;
      // Of several that found it opened, the first has put another in its place.
      const now = told.get(name);
      return now && now !== known ? now.link : issue(name, caller, wish);
    },
    close: unsubscribe,
  };
}
