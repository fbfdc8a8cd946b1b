import type { priorities, statuses } from './helpdesk-document.ts';

export type Customer = { id: number; name: string; email: string; organization: string; plan: string };
export type Message = {
  id: number;
  from: string;
  to: string;
  body: string;
  visibility: 'public' | 'internal';
  createdAt: Date;
};
export type Ticket = {
  id: number;
  subject: string;
  status: (typeof statuses)[number];
  priority: (typeof priorities)[number];
  customerId: number;
  assignee: string | null;
  tags: string[];
  messages: Message[];
  createdAt: Date;
  updatedAt: Date;
};

/** What the helpdesk knows; lives as long as the process. */
export type Desk = { customers: Customer[]; tickets: Ticket[]; nextMessageId: number };

const supportAddress = 'support@helpdesk.example';

const customers: readonly Customer[] = [
  { id: 31, name: 'Harbour Bakery', email: 'orders@harbour-bakery.example', organization: 'Harbour Bakery', plan: 'team' },
  { id: 32, name: 'Northlight Optics', email: 'it@northlight.example', organization: 'Northlight Group', plan: 'enterprise' },
  { id: 33, name: 'Riverside Clinic', email: 'frontdesk@riverside-clinic.example', organization: 'Riverside Clinic', plan: 'team' },
  { id: 34, name: 'Juniper Travel', email: 'bookings@juniper-travel.example', organization: 'Juniper Travel', plan: 'starter' },
]; // prettier-ignore

type Seed = Omit<Ticket, 'messages' | 'createdAt' | 'updatedAt'> & {
  hoursAgo: number;
  thread: readonly string[];
};

/** In each thread customer and support take turns. */
const seeds: readonly Seed[] = [
  {
    id: 1042,
    subject: 'Invoice 2219 was charged twice',
    status: 'open',
    priority: 'high',
    customerId: 31,
    assignee: 'billing@helpdesk.example',
    tags: ['billing', 'refund'],
    hoursAgo: 5,
    thread: [
      'Our card was charged twice for invoice 2219, once on Monday and once this morning. Please refund the second payment.',
      'Thank you for telling us. We see both payments and are asking the payment provider which one is still pending.',
      'The bank says both are booked. When can we expect the money?',
    ],
  },
  {
    id: 1041,
    subject: 'Single sign-on ends in a loop',
    status: 'open',
    priority: 'urgent',
    customerId: 32,
    assignee: null,
    tags: ['sign-in', 'outage'],
    hoursAgo: 8,
    thread: [
      'Since the certificate change nobody can sign in: the browser goes back and forth between our identity provider and you.',
    ],
  },
  {
    id: 1038,
    subject: 'Export of appointments stops at 10,000 rows',
    status: 'pending',
    priority: 'normal',
    customerId: 33,
    assignee: 'product@helpdesk.example',
    tags: ['export'],
    hoursAgo: 51,
    thread: [
      'The CSV export of appointments ends after 10,000 rows without any message. We need the whole year.',
      'That is the limit of one file. Could you export month by month for now? We are looking into larger files.',
    ],
  },
  {
    id: 1031,
    subject: 'How do we add a second calendar?',
    status: 'solved',
    priority: 'low',
    customerId: 34,
    assignee: 'product@helpdesk.example',
    tags: ['question'],
    hoursAgo: 170,
    thread: [
      'We opened a second office. Can it have a calendar of its own on our plan?',
      'Yes: under Settings, Calendars, choose “Add calendar”. Your plan includes three.',
      'Found it, thank you.',
    ],
  },
];

/** A helpdesk as it is after every start. */
export function createDesk(now: Date): Desk {
  let nextMessageId = 5001;
  const hour = 3_600_000;
  const tickets = seeds.map(({ thread, hoursAgo, ...seed }): Ticket => {
    const customer = customers.find(({ id }) => id === seed.customerId)!;
    const updatedAt = new Date(now.getTime() - hoursAgo * hour);
    const at = (index: number): Date => new Date(updatedAt.getTime() - (thread.length - 1 - index) * hour);
    const messages = thread.map((body, index): Message => {
      const [from, to] =
        index % 2 === 0 ? [customer.email, supportAddress] : [supportAddress, customer.email];
      return { id: nextMessageId++, from, to, body, visibility: 'public', createdAt: at(index) };
    });
    return { ...seed, tags: [...seed.tags], messages, createdAt: at(0), updatedAt };
  });
  return { customers: customers.map((customer) => ({ ...customer })), tickets, nextMessageId };
}
