ALTER TABLE `user` ADD `forget_usage_of` text;--> statement-breakpoint
CREATE INDEX `session_by_conversation` ON `session` (`conversation_id`);--> statement-breakpoint
CREATE INDEX `session_by_user` ON `session` (`user_id`);--> statement-breakpoint
CREATE INDEX `turn_by_session` ON `turn` (`session_id`);