CREATE TABLE `turn_audio` (
	`turn_id` text PRIMARY KEY NOT NULL,
	`utterance` text,
	`reply` text,
	`until` integer NOT NULL,
	FOREIGN KEY (`turn_id`) REFERENCES `turn`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `turn_audio_by_until` ON `turn_audio` (`until`);--> statement-breakpoint
CREATE INDEX `turn_audio_by_utterance` ON `turn_audio` (`utterance`);--> statement-breakpoint
CREATE INDEX `turn_audio_by_reply` ON `turn_audio` (`reply`);--> statement-breakpoint
ALTER TABLE `persona` ADD `keep_audio_days` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `session` ADD `keep_audio_days` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `user` ADD `keep_audio_days` integer;