-- Numbers that were given twice are given anew, in the order of time.
UPDATE `turn` SET `turn` = `numbered`.`number` FROM (
  SELECT `id`, row_number() OVER (PARTITION BY `conversation_id` ORDER BY `started_at`, `turn`, `id`) AS `number` FROM `turn`
  WHERE `conversation_id` IN (SELECT `conversation_id` FROM `turn` GROUP BY `conversation_id`, `turn` HAVING count(*) > 1)
) AS `numbered` WHERE `numbered`.`id` = `turn`.`id`;--> statement-breakpoint
CREATE UNIQUE INDEX `turn_number_once` ON `turn` (`conversation_id`,`turn`);--> statement-breakpoint
ALTER TABLE `session` ADD `last_turn` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
-- Nothing writes or reads it any more.
UPDATE `session` SET `resume_token_hash` = NULL WHERE `resume_token_hash` IS NOT NULL;
