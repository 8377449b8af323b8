CREATE TABLE `job` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`attempt` integer NOT NULL,
	`run_after` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `job_due` ON `job` (`kind`,`run_after`);--> statement-breakpoint
CREATE INDEX `job_by_subject` ON `job` (`subject`);--> statement-breakpoint
CREATE TABLE `voice_profile` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`name` text NOT NULL,
	`language` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`reference_text` text,
	`consent` text NOT NULL,
	`sha256` text NOT NULL,
	`media_type` text NOT NULL,
	`bytes` integer NOT NULL,
	`prepared_sha256` text,
	`quality` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `voice_profile_once` ON `voice_profile` (`user_id`,`sha256`);--> statement-breakpoint
CREATE INDEX `voice_profile_by_sha256` ON `voice_profile` (`sha256`);--> statement-breakpoint
CREATE INDEX `voice_profile_by_prepared` ON `voice_profile` (`prepared_sha256`);--> statement-breakpoint
ALTER TABLE `persona` ADD `voice_profile_id` text;