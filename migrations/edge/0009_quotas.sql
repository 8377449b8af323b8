ALTER TABLE `persona` ADD `limits` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `persona` ADD `engines` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `session` ADD `quotas` text;--> statement-breakpoint
ALTER TABLE `session` ADD `quota_day` text;--> statement-breakpoint
ALTER TABLE `session` ADD `held_tokens` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `session` ADD `held_audio_ms` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `session` ADD `held_cost_micros` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `session_live_by_user` ON `session` (`user_id`) WHERE state = 'live';--> statement-breakpoint
ALTER TABLE `turn` ADD `cost_micros` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `usage` ADD `cost_micros` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `usage_by_day` ON `usage` (`day`);