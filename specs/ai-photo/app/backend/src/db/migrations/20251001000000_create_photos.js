exports.up = (knex) =>
  knex.schema.createTable("photos", (table) => {
    table.increments();
    table.text("title").notNullable();
    table.timestamp("created_at").defaultTo(knex.fn.now());
  });

exports.down = (knex) => knex.schema.dropTable("photos");
