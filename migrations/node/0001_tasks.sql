CREATE TABLE `task` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`queue` text NOT NULL,
	`user_id` text,
	`payload` text NOT NULL,
	`priority` integer NOT NULL,
	`state` text NOT NULL,
	`attempt` integer NOT NULL,
	`attempts` integer NOT NULL,
	`run_after` integer NOT NULL,
	`taken_until` integer,
	`is_ready` integer NOT NULL,
	`turn` integer NOT NULL,
	`dedupe_key` text,
	`progress` real NOT NULL,
	`result` text,
	`error` text,
	`cancel_at` integer,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`ended_at` integer,
	`expires_at` integer,
	`changed_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_ready` ON `task` (`queue`,`priority`,`turn`,`id`) WHERE is_ready = 1;--> statement-breakpoint
CREATE INDEX `task_due` ON `task` (`run_after`) WHERE is_ready = 0 and state in ('queued', 'failed');--> statement-breakpoint
CREATE INDEX `task_held` ON `task` (`taken_until`) WHERE state = 'taken';--> statement-breakpoint
CREATE INDEX `task_at_work` ON `task` (`queue`,`user_id`) WHERE state = 'taken';--> statement-breakpoint
CREATE INDEX `task_of_user` ON `task` (`user_id`,`queue`,`priority`,`turn`) WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX `task_by_user` ON `task` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `task_by_state` ON `task` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `task_by_queue` ON `task` (`queue`,`state`);--> statement-breakpoint
CREATE INDEX `task_changed` ON `task` (`changed_at`);--> statement-breakpoint
CREATE INDEX `task_expired` ON `task` (`expires_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `task_once` ON `task` (`dedupe_key`) WHERE ended_at is null;--> statement-breakpoint
CREATE TABLE `task_effect` (
	`key` text PRIMARY KEY NOT NULL,
	`task_id` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_effect_by_age` ON `task_effect` (`at`);--> statement-breakpoint
CREATE TABLE `task_lane` (
	`queue` text NOT NULL,
	`priority` integer NOT NULL,
	`turn` integer NOT NULL,
	PRIMARY KEY(`queue`, `priority`)
);
--> statement-breakpoint
CREATE TABLE `task_pause` (
	`queue` text PRIMARY KEY NOT NULL,
	`since` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `task_schedule` (
	`name` text PRIMARY KEY NOT NULL,
	`next_at` integer,
	`last_at` integer
);
