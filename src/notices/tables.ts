import type { EventType } from '../journal/index.ts';
import type { DeliveryStatus } from './delivery.ts';

/** This room's tables as Kysely sees them. */
export type NoticesTables = {
  webhooks: {
    organization_id: string;
    webhook_id: string;
    address: string;
    query_names: string[];
    sealed_secret_id: string | null;
    description: string;
    events: EventType[];
    is_active: boolean;
    disabled_reason: string | null;
    disabled_at: Date | null;
    secret_id: string;
    previous_secret_id: string | null;
    previous_until: Date | null;
    created_at: Date;
    updated_at: Date;
  };
  deliveries: {
    organization_id: string;
    delivery_id: string;
    webhook_id: string;
    event_id: string;
    status: DeliveryStatus;
    attempts: number;
    due_at: Date;
    give_up_at: Date;
    last_attempt_at: Date | null;
    response_status: number | null;
    reason: string | null;
    ended_at: Date | null;
    created_at: Date;
  };
};
