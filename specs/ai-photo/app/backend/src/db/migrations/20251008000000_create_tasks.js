exports.up = (knex) =>
  knex.schema.createTable("tasks", (table) => {
    table.increments();
    table.integer("photo_id").unsigned().notNullable().references("photos.id").onDelete("CASCADE");
    table.string("status", 32).notNullable().defaultTo("waiting");
    table.index("status");
  });

exports.down = (knex) => knex.schema.dropTable("tasks");
